"""Read which share of the messages that were sent did not arrive."""

from collections.abc import Mapping
from datetime import date, timedelta

from msgspec import Struct

from undelivered.domain.rates import Rates, rates_of
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ReportReader, SentCountStore


class ChannelRates(Struct, frozen=True):
    """The rates of a channel in a period, and in the period of the same length before."""

    now: Rates
    before: Rates


class ReadRates(Struct, frozen=True):
    """The use case of the rates: two queries of counters by day."""

    counts: SentCountStore
    reports: ReportReader

    def __call__(self, account_id: str, first: date, last: date) -> Mapping[Channel, ChannelRates]:
        """Return the rates of messages sent from the first to the last day, by channel."""
        length = (last - first) + timedelta(days=1)
        sent = self.counts.by_day(account_id, first - length, last)
        failures = self.reports.failures_by_day(account_id, first - length, last)
        now = {day: numbers for day, numbers in sent.items() if day >= first}
        before = {day: numbers for day, numbers in sent.items() if day < first}
        return {
            channel: ChannelRates(rates_of(channel, now, failures), rates_of(channel, before, failures))
            for channel in Channel
        }
