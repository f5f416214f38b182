"""The errors of the domain and the services. Each says whether another try can succeed."""


class UndeliveredError(Exception):
    """The base class of all errors of this package."""


class RetryableError(UndeliveredError):
    """The same call can succeed later: it was throttled, lost a race, or a service was not available."""


class ProviderBusyError(RetryableError):
    """The provider did not accept the message, because the rate is used up or it is unavailable. Try again soon."""


class QuotaUsedUpError(ProviderBusyError):
    """The provider accepts no more messages today."""


class StaleWriteError(RetryableError):
    """The record changed since it was read. Read it again and repeat the change."""


class NotYetKnownError(RetryableError):
    """The event may belong to a send that is not recorded yet. Try again when it is."""


class UnexplainedRefusalError(RetryableError):
    """The provider refused the message for an unknown cause. It was certainly not sent."""


class UnreadableEventError(UndeliveredError):
    """The event cannot be read. Another try does not help; a person must look at it."""


class UnreadableRecordError(UndeliveredError):
    """A stored record cannot be read. Another try does not help; a person must correct the record."""


class NotFoundError(UndeliveredError):
    """The account does not have this record."""


class RefusedError(UndeliveredError):
    """A rule forbids the action. ``code`` is part of the API; ``detail`` says what to do.

    ``field`` is the field of the request that caused it, empty if it is not one field.
    """

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


class LimitReachedError(RefusedError):
    """An account has as many of something as it may have at once. ``retry_after`` is when to try again, in seconds."""

    def __init__(self, code: str, detail: str, retry_after: int) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class InvalidInputError(UndeliveredError):
    """A value is not valid. ``field`` is its name in the request, ``suggestion`` a corrected value or empty."""

    def __init__(self, field: str, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.suggestion = suggestion


class UnassignedNumberError(InvalidInputError):
    """A phone number is not assigned in its country. The caller can choose to accept it."""


class OutOfTimeError(RetryableError):
    """There is not enough time left to send the message. Nothing was done; try again in another invocation."""


class PermanentSendError(UndeliveredError):
    """The provider refused the message. Another try does not help. ``reason`` is a value of ``taxonomy.Reason``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class SuppressionNotLiftedError(UndeliveredError):
    """The provider did not lift a suppression, so it stays. Another try can succeed later."""
