"""Why a provider refuses to send a message.

Providers use one error code for many causes: SES returns ``BadRequestException`` for a bad address and for a bad tag,
and SNS ``InvalidParameter`` for a bad number and for a bad text. The text of the error names the cause, so it is
checked before the code.
"""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Final

from botocore.exceptions import ClientError

from undelivered.domain.errors import PermanentSendError, UnexplainedRefusalError
from undelivered.domain.taxonomy import Reason

_WORDINGS: Final[tuple[tuple[Reason, tuple[str, ...]], ...]] = (
    # Amazon SNS API Reference, "Publish"; aws-sdk-js#1217.
    (Reason.OPTED_OUT, (r"opted out",)),
    (
        Reason.NUMBER_INVALID,
        (r"is not valid to publish to", r"invalid phone ?number"),
    ),
    (Reason.SENDING_PAUSED, (r"sending (?:is |has been )?(?:paused|suspended|disabled)",)),
    # SES Developer Guide, "Amazon SES email sending errors"; in the sandbox, also for recipients that are not verified.
    # SNS and End User Messaging: an account without a number or sender ID for the country, or in the sandbox.
    (
        Reason.SENDING_REFUSED,
        (
            r"(?:is|are) not verified",
            r"invalid from address",
            r"configuration set",
            r"origination (?:entit|identit|number)\w+",
            r"sender ?id",
            r"sandbox",
            r"not authorized",
        ),
    ),
    # SES parses addresses with JavaMail, and returns the text of its AddressException.
    (
        Reason.ADDRESS_MALFORMED,
        (
            r"(?:local address|domain) (?:contains|starts with|ends with)",
            r"missing (?:final '@domain'|domain|local name|'[>\"]')",
            r"illegal (?:address|whitespace in address|semicolon)",
            r"invalid email address",
            r"empty address",
        ),
    ),
)
"""Parts of error texts, by reason. None of them can match an address. The first match decides."""


@cache
def wordings() -> Mapping[Reason, re.Pattern[str]]:
    """Return the patterns of error texts by reason, in the order in which they are tried. Compiled at first use."""
    return {reason: re.compile("|".join(parts), re.IGNORECASE) for reason, parts in _WORDINGS}


def refusal(provider: str, error: ClientError, reasons_by_code: Mapping[str, Reason]) -> Exception:
    """Return the error for a provider's refusal of a message.

    It is PermanentSendError if the text or the code is known, and UnexplainedRefusalError for another refusal. Other
    errors are returned unchanged: after a server error, the message may or may not have been accepted. The
    detail contains no address.
    """
    code, text = (str(error.response.get("Error", {}).get(name, "")) for name in ("Code", "Message"))
    for reason, wording in wordings().items():
        if match := wording.search(text):
            return PermanentSendError(reason, f"{provider} refused the message: {code} ({match[0]})")
    if code in reasons_by_code:
        return PermanentSendError(reasons_by_code[code], f"{provider} refused the message: {code}")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnexplainedRefusalError(f"{provider} refused the message: {code}")
    return error
