"""Bringing customers and suppressions along, on a stack: what the command sends, and what a daily run finds."""

from infrastructure.local.ses_simulator.server import DEFAULT_MAILBOX_DOMAIN  # noqa: F401
