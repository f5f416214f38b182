"""Which account a message belongs to.

Its tags are claims: all software that sends through the AWS account can write any tags. SES itself states the tenant
and the identity.
"""

from msgspec import Struct

from undelivered.domain.feedback import Attribution
from undelivered.services.ports import AccountMappings, AccountStore


class MessageAccounts(Struct, frozen=True):
    """The rules on the accounts of messages.

    ``accounts_from_tags`` is whether a tag can create an account.
    """

    mappings: AccountMappings
    accounts: AccountStore
    default_account: str
    accounts_from_tags: bool

    def mapped_account(self, attribution: Attribution) -> str | None:
        """Return the account that the message's tenant or identity belongs to, or None; raises RetryableError."""
        return self.mappings.current().account_of(attribution)

    def accepts_tags(self, attribution: Attribution) -> bool:
        """Whether the account in a message's tags can be right; raises RetryableError.

        It must be the account that the message's tenant or identity belongs to. If these belong to nobody, it must
        exist.
        """
        claimed = attribution.account_id
        if claimed is None:
            return True
        if owner := self.mapped_account(attribution):
            return owner == claimed
        return self.accounts_from_tags or self.exists(claimed)

    def exists(self, account_id: str) -> bool:
        """Whether an account has been used, or the operator has created it or named it in the mapping."""
        is_named = account_id == self.default_account or self.mappings.current().names(account_id)
        return is_named or self.accounts.exists(account_id)
