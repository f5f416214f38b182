"""The suppression list of Amazon SES and the opt-out list of Amazon SNS."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.adapters.aws.email_addresses import address_as_sent
from undelivered.domain.errors import SuppressionNotLiftedError
from undelivered.domain.taxonomy import Channel


class AwsSuppressionLists(Struct, frozen=True):
    """Removes addresses from the AWS account's lists."""

    ses: Any
    sns: Any

    def lift(self, channel: Channel, address: str, *, spellings: Sequence[str] = (), opt_in: bool) -> None:
        """Remove an address from the provider's list; see ``ports.ProviderSuppressions``.

        SES ignores case when it sends, but its API to remove an address needs the exact spelling on the list (Amazon
        SES Developer Guide, "Using the account-level suppression list"). An address is on the list as SES reported it,
        or as it was sent. SNS accepts an opt-in for a number once in 30 days (API Reference, "OptInPhoneNumber").
        """
        try:
            if channel is Channel.EMAIL:
                self._remove_from_ses([*spellings, address_as_sent(address)])
            elif opt_in:
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
