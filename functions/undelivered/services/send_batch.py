"""Send a batch of jobs at the rate of the AWS account."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Final

from msgspec import Struct

from undelivered.domain.errors import OutOfTimeError, ProviderBusyError, QuotaUsedUpError
from undelivered.domain.notification import SendAttempt, SendOutcome
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import InParallel, SendJob
from undelivered.services.send_message import SendMessage
from undelivered.services.send_pace import SendPace

_SECONDS_FOR_FILES: Final = 15
"""How long before the deadline the last message with files is sent: time to read and to send up to 40 MB."""


class ReceivedJob(Struct, frozen=True):
    """A job from the queue, and the id of the API request that led to it.

    ``last_try`` is whether the message becomes a dead letter if the job fails once more.
    """

    job: SendJob
    correlation_id: str
    last_try: bool = False


class Postponed(Struct, frozen=True):
    """A job that has not been sent. It must be queued again with a delay in seconds."""

    delay: int


SendResult = SendAttempt | Postponed | Exception | None
"""The attempt that was made, None if there was nothing to send, a job that must wait, or the error of a failed job."""

OnResult = Callable[[ReceivedJob, SendResult], None]


class SendBatch(Struct, frozen=True):
    """Sends each job of a batch in a slot of its channel. ``urgent`` jobs get earlier slots than other jobs."""

    send_message: SendMessage
    pace: SendPace
    in_parallel: InParallel
    urgent: bool

    def __call__(self, jobs: Sequence[ReceivedJob], deadline: float, on_result: OnResult) -> Sequence[SendResult]:
        """Return the result of each job. Jobs without a slot before the deadline are postponed.

        The deadline is in seconds since 1970. ``on_result`` is called with the result of each try as soon as it is
        known.
        """
        channels = dict.fromkeys(received.job.channel for received in jobs)
        groups = [
            (channel, [place for place, received in enumerate(jobs) if received.job.channel is channel])
            for channel in channels
        ]

        def send(group: tuple[Channel, list[int]]) -> Mapping[int, SendResult]:
            channel, places = group
            return _ChannelBatch(self, channel, jobs, deadline, on_result).send(places)

        results = {place: result for part in self.in_parallel(send, groups) for place, result in part.items()}
        return [results[place] for place in range(len(jobs))]


class _ChannelBatch(Struct):
    """The jobs of a batch that go through one channel, in the order of their places in the batch."""

    batch: SendBatch
    channel: Channel
    jobs: Sequence[ReceivedJob]
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
        received = self.jobs[place]
        try:
            result: SendResult = self.batch.send_message(
                received.job, received.correlation_id, last_try=received.last_try, has_time=self._has_time_for_files
            )
        except OutOfTimeError:
            return _postponed(0)
        except Exception as error:  # noqa: BLE001 - the other jobs must still be sent
            result = error
        self.on_result(received, result)
        return result

    def _has_time_for_files(self) -> bool:
        return self.batch.pace.now() < self.deadline - _SECONDS_FOR_FILES

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
    """Whether the provider may have counted the message against the rate."""
    if isinstance(result, SendAttempt):
        return result.outcome is not SendOutcome.DROPPED
    return isinstance(result, Exception) and not isinstance(result, ProviderBusyError)


def _postponed(seconds: float) -> Postponed:
    return Postponed(max(ceil(seconds), 1))
