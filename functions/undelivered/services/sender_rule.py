"""Which senders an account may use: only addresses of identities that are assigned to it."""

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import PermanentSendError
from undelivered.domain.sender import parse_sender
from undelivered.domain.taxonomy import Reason
from undelivered.services.ports import AccountMappings


class SenderRule(Struct, frozen=True):
    """Decides which senders an account may use. Identities that are not assigned belong to the default account.

    ``default_sender`` is the operator's choice for accounts without a sender of their own. So any of these accounts may
    use it, unless its identity belongs to another account.
    """

    mappings: AccountMappings
    default_account: str
    default_sender: str

    def allows(self, account_id: str, address: str) -> bool:
        """Whether an account may have an address as its own sender."""
        return self.mappings.current().may_send_from(account_id, address, self.default_account)

    def sender_of(self, settings: AccountSettings) -> str:
        """Return the sender of an account's emails; raises PermanentSendError if the account may not send from it."""
        sender = parse_sender(settings.sender or self.default_sender)
        if sender is not None:
            if settings.sender:
                is_allowed = self.allows(settings.account_id, sender.address)
            else:
                owner = self.mappings.current().owner_of(sender.address)
                is_allowed = owner in {None, settings.account_id}
            if is_allowed:
                return settings.sender or self.default_sender
        raise PermanentSendError(Reason.SENDER_NOT_ALLOWED, "the account may not send from its sender")
