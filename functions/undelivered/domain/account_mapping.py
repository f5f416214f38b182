"""The accounts of messages without tags, by SES tenant and by sending identity."""

from collections.abc import Mapping

from msgspec import Struct, field

from undelivered.domain.feedback import Attribution


class AccountMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """The account of each SES tenant, and of each sending identity: an address or a domain."""

    tenants: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)

    def account_of(self, attribution: Attribution) -> str | None:
        """Return the account of a message by its tenant, its address or its domain; None if none is mapped."""
        if attribution.tenant and attribution.tenant in self.tenants:
            return self.tenants[attribution.tenant]
        identity = attribution.identity or ""
        domain = identity.rpartition("@")[2]
        return self.identities.get(identity) or self.identities.get(domain)
