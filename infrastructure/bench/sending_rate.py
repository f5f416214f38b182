"""How much of SES's rate the sending functions use, and what happens to messages that must wait.

The functions run in a model of AWS (``sending_model`` says what is modelled), because a day's quota and 20,000 messages
at one a second take too long to measure.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from math import ceil
from statistics import quantiles
from typing import Final

from infrastructure.bench.figures import Figure
from infrastructure.bench.sending_model import SendingModel
from infrastructure.bench.virtual_time import VirtualTime
from infrastructure.local.ses_simulator.sending_limits import SendingLimits

_RATES: Final = (1, 14, 200)
"""Emails per second."""
_RESEND_EVERY: Final = 7.0
_EMAILS_PER_EXECUTION: Final = 20
"""Emails per second of one execution, as in the description of the parameter SendConcurrency."""
_QUOTA_RESET: Final = 3 * 3_600.0
_EMAILS_OVER_QUOTA: Final = 2_000
_DAILY_QUOTA: Final = 50_000
_LOST: Final = 0.02
"""The share of invocations that are lost, so that their messages are delivered again."""


def measure(bulk: int, progress: Callable[[float], None]) -> list[Figure]:
    """Return the figures of a bulk send at each rate, and of a day whose quota is used up until midnight."""
    models: dict[str, SendingModel] = {}
    figures: list[Figure] = []
    waits: list[float] = []
    with quiet_functions():
        for place, per_second in enumerate(_RATES):
            model = models[f"at {per_second}/s"] = _at_rate(per_second, bulk)
            progress((place + 1) / (len(_RATES) + 1))
            figures.append(_rate_used(model, per_second))
            waits.append(_p95(model.resend_waits()))
        models["until midnight"] = _until_midnight()
    at_each_rate = {f"at {rate}/s": wait for rate, wait in zip(_RATES, waits, strict=True)}
    return [
        *figures,
        Figure(
            "send_dead_letters",
            sum(model.dead_letters for model in models.values()),
            "messages",
            f"dead letters of {bulk:,} emails at each rate, and of {_EMAILS_OVER_QUOTA:,} emails that wait "
            f"{_QUOTA_RESET / 3600:.0f} hours for the next day's quota (modelled)",
            {name: float(model.dead_letters) for name, model in models.items()},
        ),
        Figure(
            "send_twice",
            sum(model.sent_twice for model in models.values()),
            "messages",
            f"emails sent twice, with {_LOST:.0%} of the invocations lost (modelled)",
            {name: float(model.sent_twice) for name, model in models.items()},
        ),
        Figure(
            "resend_wait_p95_s",
            max(waits),
            "s",
            f"from a resend to SES while {bulk:,} emails wait, at the slowest rate (modelled, without cold starts)",
            at_each_rate,
        ),
    ]


def _at_rate(per_second: int, bulk: int) -> SendingModel:
    """Send everything at a rate, while a manager resends now and then."""
    concurrency = max(2, ceil(per_second / _EMAILS_PER_EXECUTION))
    model = SendingModel(partial(_limits, per_second), concurrency=concurrency, lost=_LOST)
    model.hand_over(bulk)
    model.start()
    model.time.start(lambda: _resend_now_and_then(model))
    while model.sends.has_visible():
        model.time.run(model.time.seconds + 1)
    model.drained_at = model.time.seconds
    while len(model.sends):
        model.time.run(model.time.seconds + 1)
    return model


def _resend_now_and_then(model: SendingModel) -> None:
    for index in count():
        model.time.sleep(model.random.uniform(0, 2 * _RESEND_EVERY))
        model.resend(index)


def _until_midnight() -> SendingModel:
    model = SendingModel(partial(_limits, 14), concurrency=2, lost=_LOST)
    model.ses.limits.set({"emails_per_day": _DAILY_QUOTA, "emails_sent": _DAILY_QUOTA})
    model.hand_over(_EMAILS_OVER_QUOTA)
    model.start()
    model.time.run(_QUOTA_RESET)
    model.ses.limits.set({"emails_sent": 0})
    model.time.run(2 * _QUOTA_RESET)
    return model


def _limits(per_second: float, time: VirtualTime) -> SendingLimits:
    return SendingLimits(emails_per_second=per_second, emails_per_day=-1, clock=lambda: time.seconds)


def _rate_used(model: SendingModel, per_second: int) -> Figure:
    times = [at for accepted in model.ses.sent.values() for at in accepted if at <= model.drained_at]
    used = len(times) / (per_second * (model.drained_at - min(times)))
    comparisons = {
        "sent": float(len(times)),
        "refused by SES": float(model.ses.refused),
        "GB-seconds per 1,000 emails": sum(mapping.gb_seconds for mapping in model.mappings) / len(times) * 1_000,
    }
    text = f"the share of SES's {per_second} emails a second that is used while emails wait (modelled)"
    return Figure(f"send_rate_used_{per_second}", used, "of the rate", text, comparisons)


def _p95(waits: list[float]) -> float:
    return quantiles(waits, n=20)[-1]


@contextmanager
def quiet_functions() -> Iterator[None]:
    """Keep the functions from writing their logs and metrics, of which there are thousands."""
    from contextlib import redirect_stdout
    from io import StringIO

    from undelivered.observability import logger

    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logger.setLevel(level)
