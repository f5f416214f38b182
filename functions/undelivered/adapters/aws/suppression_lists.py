"""The suppression list of Amazon SES and the opt-out list of Amazon SNS."""

from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.adapters.aws.email_addresses import address_as_sent
from undelivered.domain.errors import SuppressionNotLiftedError
from undelivered.domain.suppression import SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ListedAddress, ListPosition

_PAGE: Final = 100
"""Entries in a page of SES's list. A page of SNS's list always has up to 100."""

_TOKEN_ERRORS: Final = frozenset({"InvalidNextTokenException", "InvalidParameter", "InvalidParameterException"})


class AwsSuppressionLists(Struct, frozen=True):
    """Removes addresses from the AWS account's lists, and reads the lists."""

    ses: Any
    sns: Any

    def lift(self, channel: Channel, address: str, *, spellings: Sequence[str] = (), opt_in: bool) -> None:
        """Remove an address from the provider's list; see ``ports.ProviderSuppressions``.

        SES ignores case when it sends, but its API to remove an address needs the exact spelling on the list (Amazon
        SES Developer Guide, "Using the account-level suppression list"). An address is on the list as SES reported it,
        or as it was sent. SNS accepts an opt-in for a number once in 30 days (API Reference, "OptInPhoneNumber"), so a
        number is opted in only if it is on the list: a lift that was interrupted after that can be completed.
        """
        try:
            if channel is Channel.EMAIL:
                self._remove_from_ses([*spellings, address_as_sent(address)])
            elif opt_in and self.sns.check_if_phone_number_is_opted_out(phoneNumber=address)["isOptedOut"]:
                self.sns.opt_in_phone_number(phoneNumber=address)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            hint = " SNS allows this only once every 30 days for each number." if opt_in else ""
            raise SuppressionNotLiftedError(
                f"The provider did not lift the suppression ({code}). Try again later.{hint}"
            ) from error

    def _remove_from_ses(self, spellings: Sequence[str | None]) -> None:
        for spelling in filter(None, dict.fromkeys(spellings)):
            try:
                self.ses.delete_suppressed_destination(EmailAddress=spelling)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NotFoundException":
                    raise

    def page(self, channel: Channel, position: ListPosition) -> tuple[Sequence[ListedAddress], str]:
        """Return a page of a list; see ``ports.ProviderLists``. Tokens expire, and AWS does not document when."""
        read = self._ses_page if channel is Channel.EMAIL else self._sns_page
        try:
            return read(position)
        except ClientError as error:
            if not position.token or error.response["Error"]["Code"] not in _TOKEN_ERRORS:
                raise
            return read(ListPosition(position.since, position.until))

    def _ses_page(self, position: ListPosition) -> tuple[Sequence[ListedAddress], str]:
        bounds = {"StartDate": position.since, "EndDate": position.until, "NextToken": position.token}
        given = {name: value for name, value in bounds.items() if value}
        page = self.ses.list_suppressed_destinations(PageSize=_PAGE, **given)
        entries = [
            ListedAddress(entry["EmailAddress"], SuppressionReason(entry["Reason"].lower()), entry["LastUpdateTime"])
            for entry in page.get("SuppressedDestinationSummaries", ())
        ]
        return entries, page.get("NextToken", "")

    def _sns_page(self, position: ListPosition) -> tuple[Sequence[ListedAddress], str]:
        page = self.sns.list_phone_numbers_opted_out(**({"nextToken": position.token} if position.token else {}))
        entries = [ListedAddress(number, SuppressionReason.OPTED_OUT) for number in page.get("phoneNumbers", ())]
        return entries, page.get("nextToken", "")
