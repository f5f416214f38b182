"""Messages for errors of AWS calls: what happened, and what to do.

Sources of the codes: *Common Errors* of the API Reference of each service, and the names that botocore gives to errors
that happen on this machine (botocore/exceptions.py).
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_SIGN_IN: Final = "Sign in again or renew the credentials (for example `aws sso login`), then run the command again."
_LATER: Final = "Wait a minute, then run the command again."
_CREDENTIALS: Final = "Check the access key and the profile: `aws sts get-caller-identity` must answer."

_REMEDIES: Final[dict[str, tuple[frozenset[str], str]]] = {
    "the credentials have expired": (
        frozenset(
            {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "ExpiredTokenId"}
        ),
        _SIGN_IN,
    ),
    "AWS does not accept the credentials": (
        frozenset(
            {
                "AuthFailure",
                "IncompleteSignature",
                "InvalidAccessKeyId",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "InvalidToken",
                "MissingAuthenticationToken",
                "SignatureDoesNotMatch",
                "UnrecognizedClientException",
            }
        ),
        _CREDENTIALS,
    ),
    "the clock of this machine differs from AWS's": (
        frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"}),
        "Set the clock of this machine.",
    ),
    "this AWS account is not set up for the service": (
        frozenset({"OptInRequired", "SubscriptionRequiredException", "NotSignedUp", "PendingVerification"}),
        "Finish the sign-up of the AWS account in the AWS console, or enable the region.",
    ),
    "AWS is limiting the number of calls": (
        frozenset(
            {
                "PriorRequestNotComplete",
                "ProvisionedThroughputExceededException",
                "RequestLimitExceeded",
                "RequestThrottled",
                "SlowDown",
                "Throttled",
                "Throttling",
                "ThrottlingException",
                "TooManyRequestsException",
            }
        ),
        _LATER,
    ),
    "a quota of this AWS account is used up": (
        frozenset(
            {"LimitExceeded", "LimitExceededException", "QuotaExceededException", "ServiceQuotaExceededException"}
        ),
        "Delete what is no longer needed, or request a higher quota in the Service Quotas console.",
    ),
    "the AWS service has a problem": (
        frozenset(
            {
                "InternalError",
                "InternalFailure",
                "InternalServerError",
                "InternalServiceError",
                "ServiceException",
                "ServiceUnavailable",
                "ServiceUnavailableException",
            }
        ),
        f"{_LATER} If the error remains, look at the AWS Health Dashboard.",
    ),
}
"""What the codes of errors mean, and what to do."""

_DENIED: Final = frozenset(
    {
        "403",  # S3 answers HEAD without a body
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedOperation",
    }
)
_ACTION: Final = re.compile(r"not authorized to perform:? (\w[\w-]*:\w+)")

_ON_THIS_MACHINE: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    (
        ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "NoAuthTokenError"),
        "there are no complete AWS credentials",
        "Set them up with `aws configure` or choose a profile with AWS_PROFILE.",
    ),
    (
        ("ProfileNotFound",),
        "the profile in AWS_PROFILE does not exist",
        "Choose one from `aws configure list-profiles`.",
    ),
    (("NoRegionError",), "no region is set", "Set it with AWS_DEFAULT_REGION or `aws configure`."),
    (
        ("SSOError", "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError", "LoginError"),
        "the sign-in at AWS has expired or is missing",
        _SIGN_IN,
    ),
    (
        ("InvalidRegionError", "UnknownRegionError", "ServiceNotInRegionError", "UnknownEndpointError"),
        "the service is not available in this region",
        "Check AWS_DEFAULT_REGION.",
    ),
    (
        ("HTTPClientError", "ConnectionError", "EndpointConnectionError", "ConnectionClosedError"),
        "AWS cannot be reached",
        "Check the network, the proxy and the region, then run the command again.",
    ),
)
"""Errors that happen on this machine: their classes or base classes, what they mean and what to do."""


def aws_error_message(error: BaseException) -> str | None:
    """Return what happened to an AWS call and what to do, or None if the error is not from an AWS call."""
    from botocore.exceptions import BotoCoreError, ClientError

    for cause in _causes(error):
        if isinstance(cause, (ClientError, BotoCoreError)):
            what, remedy = describe(cause)
            return f"{what}. {remedy}"
    return None


def describe(error: "ClientError | BotoCoreError") -> tuple[str, str]:
    """Return what happened to an AWS call, and what to do. The texts contain no access keys."""
    from botocore.exceptions import ClientError

    return _refusal(error) if isinstance(error, ClientError) else _failure(error)


def _refusal(error: "ClientError") -> tuple[str, str]:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", "")).strip().rstrip(".")
    operation = error.operation_name
    if code in _DENIED:
        match = _ACTION.search(message)
        action = match[1] if match else f"the action behind {operation}"
        return f"AWS refuses {operation}", f"Ask your AWS administrator for the permission {action}."
    for meaning, (codes, remedy) in _REMEDIES.items():
        if code in codes:
            return f"{operation} failed: {meaning} ({code})", remedy
    reason = f"{message} ({code})" if message else code
    return f"{operation} failed: {reason}", "Correct the cause, then run the command again."


def _failure(error: "BotoCoreError") -> tuple[str, str]:
    classes = {kind.__name__ for kind in type(error).__mro__}
    detail = str(error).strip().rstrip(".")
    for names, meaning, remedy in _ON_THIS_MACHINE:
        if classes.intersection(names):
            return f"{meaning[0].upper()}{meaning[1:]} ({detail})", remedy
    return f"The AWS call failed: {detail}", "Correct the cause, then run the command again."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, if it is an error of an AWS call: boto3, botocore, PynamoDB or our own stores."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from undelivered.domain.errors import RetryableError

    cause: BaseException | None = error
    while isinstance(cause, (ClientError, BotoCoreError, Boto3Error, PynamoDBException, RetryableError)):
        yield cause
        cause = getattr(cause, "cause", None) or cause.__cause__ or cause.__context__
