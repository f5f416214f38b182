"""Send a batch of jobs at the rate of the AWS account."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Final

from msgspec import Struct

from undelivered.domain.errors import ProviderBusyError, QuotaUsedUpError
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import InParallel, SendJob
from undelivered.services.send_message import SendMessage
from undelivered.services.send_pace import SendPace

_LONGEST_DELAY: Final = 900
"""The longest delay of a message, in seconds (Amazon SQS API Reference, "SendMessage", DelaySeconds)."""


class SendOrder(Struct, frozen=True):
    """A job, the id of the API request that led to it, and whether it becomes a dead letter if it fails once more."""

    job: SendJob
    correlation_id: str
    last_try: bool = False


class Postponed(Struct, frozen=True):
    """A job that has not been sent. It must be queued again with a delay in seconds."""

    delay: int


SendResult = SendAttempt | Postponed | Exception | None
"""The attempt that was made, or that there was nothing to send (None), that it must wait, or why it failed."""

OnResult = Callable[[SendOrder, SendResult], None]


class SendBatch(Struct, frozen=True):
    """Sends each job of a batch in a slot of its channel. ``urgent`` jobs go before those that are not."""

    send_message: SendMessage
    pace: SendPace
    in_parallel: InParallel
    urgent: bool

    def __call__(self, orders: Sequence[SendOrder], deadline: float, on_result: OnResult) -> Sequence[SendResult]:
        """Return the result of each order. Jobs without a slot before the deadline (since 1970) are postponed.

        ``on_result`` receives the result of each try at once.
        """
        channels = dict.fromkeys(order.job.channel for order in orders)
        groups = [
            (channel, [place for place, order in enumerate(orders) if order.job.channel is channel])
            for channel in channels
        ]

        def send(group: tuple[Channel, list[int]]) -> Mapping[int, SendResult]:
            channel, places = group
            return _ChannelBatch(self, channel, orders, deadline, on_result).send(places)

        results = {place: result for part in self.in_parallel(send, groups) for place, result in part.items()}
        return [results[place] for place in range(len(orders))]


class _ChannelBatch(Struct):
    """The jobs of a batch that go through one channel, in the order of their places in the batch."""

    batch: SendBatch
    channel: Channel
    orders: Sequence[SendOrder]
    deadline: float
    on_result: OnResult
    busy_rounds: int = 0

    def send(self, waiting: Sequence[int]) -> Mapping[int, SendResult]:
        """Send in rounds, one for each reservation; postpone what does not fit before the deadline."""
        results: dict[int, SendResult] = {}
        unused: list[float] = []
        try:
            while waiting:
                slots = unused[: len(waiting)]
                if not slots:
                    reservation = self.batch.pace.reserve(
                        self.channel, len(waiting), urgent=self.batch.urgent, deadline=self.deadline
                    )
                    if not reservation.slots:
                        delays = (reservation.wait + ahead * reservation.interval for ahead in range(len(waiting)))
                        return results | dict(zip(waiting, map(_postponed, delays), strict=True))
                    slots = list(reservation.slots)
                sent = self._send_round(slots, waiting)
                results |= sent
                unused = [slot for slot, result in zip(slots, sent.values(), strict=True) if not _used_slot(result)]
                busy = [place for place, result in sent.items() if isinstance(result, ProviderBusyError)]
                waiting = [*busy, *waiting[len(slots) :]]
                unused = self._after_refusals([results[place] for place in busy], unused)
        except Exception as error:  # noqa: BLE001 - the jobs that have been sent must not be sent again
            results |= dict.fromkeys(waiting, error)
        return results

    def _send_round(self, slots: Sequence[float], waiting: Sequence[int]) -> dict[int, SendResult]:
        places = waiting[: len(slots)]
        results = self.batch.in_parallel(self._send_at, list(zip(slots, places, strict=True)))
        return dict(zip(places, results, strict=True))

    def _send_at(self, slot_and_place: tuple[float, int]) -> SendResult:
        slot, place = slot_and_place
        self.batch.pace.wait_until(slot)
        order = self.orders[place]
        try:
            result: SendResult = self.batch.send_message(order.job, order.correlation_id, last_try=order.last_try)
        except Exception as error:  # noqa: BLE001 - the other jobs must still be sent
            result = error
        self.on_result(order, result)
        return result

    def _after_refusals(self, refusals: Sequence[SendResult], unused: list[float]) -> list[float]:
        """Return the slots that remain after the provider refused some messages for now."""
        if not refusals:
            self.busy_rounds = 0
            return unused
        if any(isinstance(refusal, QuotaUsedUpError) for refusal in refusals):
            self.batch.pace.pause(self.channel)
            return []
        self.busy_rounds += 1
        retry_at = self.batch.pace.now() + self.batch.pace.back_off(self.channel, self.busy_rounds)
        return [retry_at] * len(unused) if retry_at < self.deadline else []


def _used_slot(result: SendResult) -> bool:
    """Whether the provider may have counted the message."""
    if isinstance(result, SendAttempt):
        return result.outcome is not SendOutcome.DROPPED
    return isinstance(result, Exception) and not isinstance(result, ProviderBusyError)


def _postponed(seconds: float) -> Postponed:
    return Postponed(min(max(ceil(seconds), 1), _LONGEST_DELAY))
