"""Errors of the domain and its services; each says whether trying again can help."""


class UndeliveredError(Exception):
    """Root of all errors of this package."""


class RetryableError(UndeliveredError):
    """Trying the same again later can help: a throttle, a race, a service that is away."""


class StaleWriteError(RetryableError):
    """Somebody else wrote in between; read again and decide anew."""


class NotYetKnownError(RetryableError):
    """The event may belong to a send that is not recorded yet; it is retried until that is known."""


class UnreadableEventError(UndeliveredError):
    """The event cannot be understood; trying again does not help, a person must look."""


class NotFoundError(UndeliveredError):
    """There is no such thing in this account."""


class RefusedError(UndeliveredError):
    """The act is against a rule. ``code`` is stable and part of the API, the text says what to do."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class InvalidInputError(UndeliveredError):
    """A value is not acceptable. ``field`` names it as the caller wrote it."""

    def __init__(self, field: str, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.suggestion = suggestion


class PermanentSendError(UndeliveredError):
    """The provider refused the message for good. ``reason`` is the taxonomy's."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class SuppressionNotLiftedError(UndeliveredError):
    """The provider could not be told to lift a suppression, so it stays. Trying again later can help."""
