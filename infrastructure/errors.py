"""What the command line tells people in one sentence."""


class ToolError(Exception):
    """Something the user can act on; the message is a full sentence and is all that is shown."""
