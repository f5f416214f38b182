"""The accounts that SES tenants and sending identities belong to."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from undelivered.domain.address import normalise_email
from undelivered.domain.feedback import Attribution


class AccountMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """The account of each SES tenant, and of each sending identity: an address or a domain with its subdomains."""

    tenants: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)

    def account_of(self, attribution: Attribution) -> str | None:
        """Return the account of a message by its tenant, or else by its identity; None if none is mapped."""
        if attribution.tenant and attribution.tenant in self.tenants:
            return self.tenants[attribution.tenant]
        return self.owner_of(attribution.identity or "")

    def owner_of(self, identity: str) -> str | None:
        """Return the account that an address or a domain belongs to, or None.

        As in SES, an identity that is a domain covers its addresses and its subdomains, and a more specific identity
        comes first (Amazon SES Developer Guide, "Creating and verifying identities").
        """
        if not self.identities:
            return None
        owners = (self.identities.get(covering) for covering in covering_identities(identity))
        return next((owner for owner in owners if owner), None)

    def may_send_from(self, account_id: str, address: str, default_account: str) -> bool:
        """Whether an account may send from an address.

        Identities that are not assigned belong to the default account.
        """
        owner = self.owner_of(address)
        return owner == account_id if owner else account_id == default_account

    def names(self, account_id: str) -> bool:
        """Whether a tenant or an identity belongs to an account."""
        return account_id in self.tenants.values() or account_id in self.identities.values()

    def normalised(self) -> "AccountMapping":
        """Return the mapping with its identities in normal form."""
        identities = {normalise_identity(name) or name: account for name, account in self.identities.items()}
        return AccountMapping(self.tenants, identities)


def normalise_identity(identity: str) -> str | None:
    """Return a sending identity in its normal form, or None if it is neither an address nor a domain."""
    if "@" in identity:
        return normalise_email(identity)
    address = normalise_email(f"any@{identity.strip()}")
    return address.rpartition("@")[2] if address and "." in address else None


def covers(identity: str, address: str) -> bool:
    """Whether an address can be sent from with a verified identity."""
    normal = normalise_identity(identity)
    return normal is not None and normal in covering_identities(address)


def covering_identities(identity: str) -> Iterator[str]:
    """Yield the identities that cover an address or a domain, the most specific first."""
    normal = normalise_identity(identity)
    if normal is None:
        return
    local, _, domain = normal.rpartition("@")
    if local:
        yield normal
    while "." in domain:
        yield domain
        domain = domain.partition(".")[2]
