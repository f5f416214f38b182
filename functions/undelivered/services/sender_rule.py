"""Which senders an account may use: only addresses of identities that are assigned to it."""

from msgspec import Struct

from undelivered.domain.account_settings import AccountSettings
from undelivered.domain.errors import InvalidInputError, PermanentSendError
from undelivered.domain.sender import parse_sender
from undelivered.domain.taxonomy import Reason
from undelivered.services.contact_validation import checked_email
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

    def checked(self, account_id: str, text: str, field: str) -> str:
        """Return a sender such as ``Name <address>`` that an account may use; raises InvalidInputError for ``field``.

        An empty text stays empty.
        """
        text = text.strip()
        if not text:
            return ""
        sender = parse_sender(text)
        if sender is None:
            raise InvalidInputError(
                field, "must be one address, or a name and one address: 'Rentals <rent@example.com>'"
            )
        checked_email(sender.address, field)
        if not self.allows(account_id, sender.address):
            raise InvalidInputError(
                field,
                "must be an address that your account may send from. Ask your administrator to allow this address or "
                "its domain",
            )
        return text

    def own(self, account_id: str, mailbox: str) -> str:
        """Return the sender or reply address of a message; raises PermanentSendError if the account may not use it."""
        sender = parse_sender(mailbox)
        if sender is None or not self.allows(account_id, sender.address):
            raise PermanentSendError(Reason.SENDER_NOT_ALLOWED, "the account may not use an address of the message")
        return mailbox

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
