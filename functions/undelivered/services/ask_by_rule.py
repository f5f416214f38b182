"""Ask customers for another contact by the rule of their account."""

from contextlib import suppress
from typing import Final

from msgspec import Struct

from undelivered.domain.contact_request import REQUEST_PREFIX
from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.item import UndeliveredItem
from undelivered.services.ask_for_contact import AskForContact
from undelivered.services.ports import AccountStore

BY_RULE: Final = "rule"
"""Who asks if the rule of the account does, and no person."""


class AskByRule(Struct, frozen=True):
    """A use case behind the stream of items. Doing it again changes nothing: an open request is not made again."""

    accounts: AccountStore
    ask_for_contact: AskForContact

    def __call__(self, before: UndeliveredItem | None, after: UndeliveredItem | None) -> None:
        """Ask the customer of an item that has failed for good, if the account has this rule.

        The failure of our own request is no reason to ask.
        """
        if after is None or not after.customer_id or after.notification_id.startswith(REQUEST_PREFIX):
            return
        if before and before.failure == after.failure:
            return
        if self.accounts.settings(after.account_id).contact_requests.automatic:
            with suppress(RefusedError, NotFoundError):
                self.ask_for_contact(after.account_id, after.customer_id, after.channel, by=BY_RULE, item=after)
