"""Who resends a message: Undelivered, or the host application."""

from enum import StrEnum


class Resender(StrEnum):
    """Who sends an attempt again."""

    UNDELIVERED = "undelivered"  #: Undelivered, which needs the content of the message
    HOST = "host"  #: the host application, which is asked for it


class ResendBy(StrEnum):
    """An account's setting for who resends."""

    UNDELIVERED = "undelivered"  #: Undelivered; messages that the host application sent itself cannot be resent
    HOST = "host"  #: the host application resends what it sent itself, Undelivered the rest
    ASK = "ask"  #: as ``HOST``, and where both can resend, the manager chooses


def resenders_of(resend_by: ResendBy, *, content_held: bool) -> tuple[Resender, ...]:
    """Return who can resend a message, the usual resender first; empty if nobody can."""
    if not content_held:
        return () if resend_by is ResendBy.UNDELIVERED else (Resender.HOST,)
    return tuple(Resender) if resend_by is ResendBy.ASK else (Resender.UNDELIVERED,)
