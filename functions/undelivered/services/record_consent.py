"""Record a customer's consent to receive messages again, and lift the opt-out that it ends."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from undelivered.domain.customer import Consent, Customer, RecordedConsent
from undelivered.domain.errors import NotFoundError
from undelivered.domain.feedback import OWN_SOURCE
from undelivered.domain.item import UndeliveredItem
from undelivered.domain.resend_policy import ResendRequirement, resend_requirement
from undelivered.domain.suppression import Lift, Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.manage_suppressions import NEEDS_CONSENT, ManageSuppressions
from undelivered.services.ports import CustomerStore, ProviderSuppressions, SuppressionStore


class RecordConsent(Struct, frozen=True):
    """The use case behind an opt-in and a resend with a consent.

    ``provider`` is a factory, because few requests have a consent.
    """

    customers: CustomerStore
    suppressions: SuppressionStore
    provider: Callable[[], ProviderSuppressions]
    clock: Callable[[], datetime]

    def __call__(  # noqa: PLR0913 - the consent, and what the audit keeps
        self,
        customer: Customer,
        channel: Channel,
        consent: Consent,
        *,
        by: str,
        why: str,
        reported: Suppression | None = None,
        category: str = "",
        at: datetime | None = None,
    ) -> Lift | None:
        """Lift the opt-out of the customer's contact, then record the consent. Return the lifted suppression, if any.

        ``reported`` is an opt-out that is known from a failure (``reported_opt_out``). Other suppressions stay, such
        as after a hard bounce. With a ``category``, the unsubscription from it is lifted too. ``at`` is the
        time of the lift, None for now. Raises RefusedError
        after a complaint, and SuppressionNotLiftedError when the provider does not lift the opt-out; then nothing is
        recorded.
        """
        contact = customer.contact(channel)
        lifted = self._lift(customer.account_id, channel, contact, consent, by=by, why=why, reported=reported, at=at)
        if category:
            self._lift(customer.account_id, channel, contact, consent, by=by, why=why, reported=None, category=category)
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
        category: str = "",
        at: datetime | None = None,
    ) -> Lift | None:
        known = self.suppressions.find(account_id, channel, contact, category)
        current = known if known and known.active else reported
        if current is None or current.reason not in {*NEEDS_CONSENT, SuppressionReason.COMPLAINT}:
            return None
        manage = ManageSuppressions(self.suppressions, self.provider(), self.clock)
        try:
            return manage.lift(
                account_id,
                channel,
                contact,
                by=by,
                why=why,
                consent=consent,
                reported=reported,
                category=category,
                at=at,
            )
        except NotFoundError:
            return None  # it was lifted since

    @retry_on_conflict
    def _record(self, account_id: str, customer_id: str, recorded: RecordedConsent) -> None:
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            return
        after = customer.with_consent(recorded)
        if after != customer:
            self.customers.save(after)


def reported_opt_out(item: UndeliveredItem) -> Suppression | None:
    """Return the opt-out that an item's failure reports, or None for other failures.

    An opt-out at a carrier or a provider may be known from the failure only. That of a
    message that was not sent here is known anyway.
    """
    failure, classification = item.failure, item.classification
    result, requirement = failure.result, resend_requirement(classification)
    if requirement is not ResendRequirement.CONSENT or result is None or result.source == OWN_SOURCE:
        return None
    return Suppression(
        item.account_id,
        item.channel,
        failure.to,
        SuppressionReason(classification.reason.value),
        result.at,
        origin=failure.provider_message_id,
    )
