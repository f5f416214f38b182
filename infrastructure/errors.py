"""The error that the command line shows to its user."""


class ToolError(Exception):
    """An error that the user can act on. The message is a full sentence; the command line shows only the message."""
