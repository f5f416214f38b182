"""Record that a customer wants messages again, for one or all of their contacts."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from undelivered.domain.customer import Consent
from undelivered.domain.errors import InvalidInputError, NotFoundError, RefusedError
from undelivered.domain.suppression import Lift, Suppression, SuppressionReason
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import CustomerStore, SuppressionStore, UndeliveredStore
from undelivered.services.record_consent import RecordConsent, reported_opt_out


class OptIn(Struct, frozen=True):
    """The use case behind an opt-in."""

    customers: CustomerStore
    undelivered: UndeliveredStore
    suppressions: SuppressionStore
    record_consent: RecordConsent

    def __call__(  # noqa: PLR0913 - the consent, and what is kept of it
        self,
        account_id: str,
        customer_id: str,
        consent: Consent,
        *,
        channel: Channel | None,
        by: str,
        why: str = "opt-in recorded",
        at: datetime | None = None,
    ) -> Sequence[Lift]:
        """Record a consent for a channel, or for all channels with None. Return the suppressions that it lifted.

        ``at`` is the time of the lift, None for now. Raises NotFoundError for the customer, InvalidInputError when
        there is no contact for the channel, RefusedError after a complaint about any of the contacts, and
        SuppressionNotLiftedError.
        """
        customer = self.customers.find(account_id, customer_id)
        if customer is None:
            raise NotFoundError("customer not found")
        channels = [channel] if channel else list(Channel)
        contacts = [(channel, contact) for channel in channels if (contact := customer.contact(channel))]
        if not contacts:
            raise InvalidInputError("channel", "the customer has no contact for this channel")
        self._check_no_complaint(account_id, contacts)
        opt_outs = self._reported_opt_outs(account_id, customer_id)
        lifted = [
            self.record_consent(
                customer, channel, consent, by=by, why=why, reported=opt_outs.get((channel, contact)), at=at
            )
            for channel, contact in contacts
        ]
        return [lift for lift in lifted if lift]

    def _check_no_complaint(self, account_id: str, contacts: Sequence[tuple[Channel, str]]) -> None:
        for channel, contact in contacts:
            suppression = self.suppressions.find(account_id, channel, contact)
            if suppression and suppression.active and suppression.reason is SuppressionReason.COMPLAINT:
                raise RefusedError(
                    "suppression_blocked_by_complaint",
                    "The customer marked a message as spam. You cannot lift this. Contact them another way.",
                )

    def _reported_opt_outs(self, account_id: str, customer_id: str) -> dict[tuple[Channel, str], Suppression]:
        """Return the latest opt-out of each contact among the customer's failures."""
        items = self.undelivered.live_items_of_customer(account_id, customer_id)
        opt_outs = sorted(filter(None, map(reported_opt_out, items)), key=lambda opt_out: opt_out.since)
        return {(opt_out.channel, opt_out.address): opt_out for opt_out in opt_outs}
