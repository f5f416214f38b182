"""A customer's word that messages are wanted again: it ends what they chose, and is kept with the customer."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from undelivered.domain.customer import Consent, Customer, RecordedConsent
from undelivered.domain.errors import NotFoundError
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.resend_policy import ResendRequirement, resend_requirement
from undelivered.domain.suppression import Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.manage_suppressions import NEEDS_CONSENT, ManageSuppressions
from undelivered.services.ports import CustomerStore, ProviderSuppressions, SuppressionStore


class RecordConsent(Struct, frozen=True):
    """The use case behind an opt-in, and behind a resend that comes with a consent.

    ``provider`` is made when it is asked for: few requests carry a consent.
    """

    customers: CustomerStore
    suppressions: SuppressionStore
    provider: Callable[[], ProviderSuppressions]
    clock: Callable[[], datetime]

    def __call__(  # noqa: PLR0913 - whose, for what, by whom and why
        self,
        customer: Customer,
        channel: Channel,
        consent: Consent,
        *,
        by: str,
        why: str,
        reported: Suppression | None = None,
    ) -> Suppression | None:
        """End the opt-out of the customer's contact, then record the consent; return what was lifted, if anything.

        ``reported`` is an opt-out that a provider told of (``reported_opt_out``). A suppression of another reason
        stays: a consent heals no mailbox. Raises RefusedError after a complaint, and
        SuppressionNotLiftedError when the provider cannot be told: then nothing is changed or recorded.
        """
        contact = customer.contact(channel)
        lifted = self._lift(customer.account_id, channel, contact, consent, by=by, why=why, reported=reported)
        self._record(
            customer.account_id, customer.customer_id, RecordedConsent(channel, contact, consent, by, self.clock())
        )
        return lifted

    def _lift(  # noqa: PLR0913 - as above
        self,
        account_id: str,
        channel: Channel,
        contact: str,
        consent: Consent,
        *,
        by: str,
        why: str,
        reported: Suppression | None,
    ) -> Suppression | None:
        known = self.suppressions.find(account_id, channel, contact)
        present = known if known and known.active else reported
        if present is None or present.reason not in {*NEEDS_CONSENT, SuppressionReason.COMPLAINT}:
            return None
        manage = ManageSuppressions(self.suppressions, self.provider(), self.clock)
        try:
            return manage.lift(account_id, channel, contact, by=by, why=why, consent=consent, reported=reported)
        except NotFoundError:
            return None  # lifted since it was reported

    @retry_on_conflict
    def _record(self, account_id: str, customer_id: str, recorded: RecordedConsent) -> None:
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            return
        after = customer.with_consent(recorded)
        if after != customer:
            self.customers.save(after)


def reported_opt_out(item: UndeliveredItem) -> Suppression | None:
    """Return the opt-out that an item's failure tells of, None for other failures.

    A carrier's or provider's list is not ours: such an opt-out may be known from the failure alone.
    """
    failure, classification = item.failure, item.classification
    if resend_requirement(classification) is not ResendRequirement.CONSENT or failure.result is None:
        return None
    return Suppression(
        item.account_id,
        item.channel,
        failure.to,
        SuppressionReason(classification.reason.value),
        failure.result.at,
        origin=failure.provider_message_id,
    )
