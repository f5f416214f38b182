"""Time and memory for events that are built to cost much, compared with a batch of ordinary events.

Whoever can publish to the feedback topic or write to the log groups of texts could send them. Each has the size that
SQS or Lambda allows at most: 1 MB for a message and for an asynchronous invocation (Amazon SQS Developer Guide, "Amazon
SQS message quotas"; AWS Lambda Developer Guide, "Lambda quotas").
"""

import base64
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from infrastructure.bench import events, subprocess_runner
from infrastructure.bench.figures import Figure

_BATCH: Final = 100
_KB: Final = 1_000
_MB: Final = 1_000_000
_NUMBER: Final = "NUMBER"

Event = Mapping[str, Any]


def _packed(*parts: tuple[bytes, int]) -> str:
    """Return gzip data in base64, of parts that are repeated: 1 GB is never in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = b""
    for part, times in parts:
        block, rest = divmod(times, _KB)
        packed += b"".join(packer.compress(part * _KB) for _ in range(block)) + packer.compress(part * rest)
    return base64.b64encode(packed + packer.flush()).decode()


def _logs(*parts: tuple[bytes, int]) -> Event:
    return {"awslogs": {"data": _packed(*parts)}}


def _firehose(records: int, *parts: tuple[bytes, int]) -> Event:
    return _message(json.dumps({"records": [{"data": _packed(*parts)}] * records}))


def _message(text: str) -> Event:
    return {"Records": [{"body": text, "attributes": {"SentTimestamp": "1780000000000"}, "eventSource": "aws:sqs"}]}


def _bounce(*recipients: object, time: object = "2026-11-01T00:00:00Z", **mail: object) -> Event:
    """Return a bounce. ``_NUMBER`` in it becomes a number that no library writes."""
    body = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": recipients, "timestamp": time}
    return _message(
        json.dumps({"eventType": "Bounce", "bounce": body, "mail": {"messageId": "m-1", "timestamp": time, **mail}})
    )


def _with_number(number: str) -> Event:
    (record,) = _bounce({"emailAddress": "a@example.com"}, time=_NUMBER)["Records"]
    return _message(record["body"].replace(f'"{_NUMBER}"', number))


def _with(address: str, diagnostic: str = "", **mail: object) -> Event:
    return _bounce({"emailAddress": address, "diagnosticCode": diagnostic}, **mail)


REFUSED: Final[Mapping[str, Callable[[], Event]]] = MappingProxyType(
    {
        "gzip of 1 GB of zeros": lambda: _logs((b"\0", 1_000 * _MB)),
        "gzip of 30 MB of objects": lambda: _logs((b'{"logEvents":[', 1), (b"{},", 10 * _MB), (b"{}]}", 1)),
        "gzip of 8 MB of line feeds": lambda: _logs((b"\n", 8 * _MB)),
        "gzip of 8 MB of lines": lambda: _logs((b"{\n", 4 * _MB)),
        "gzip of 8 MB of arrays": lambda: _logs((b"[[]", 1), (b",[]", 2_600 * _KB), (b"]", 1)),
        "gzip of 160,000 objects": lambda: _logs((b"[{}", 1), (b',{"a":{}}', 160 * _KB), (b"]", 1)),
        "gzip of 400,000 log lines": lambda: _logs((b'{"logEvents":[{}', 1), (b",{}", 240 * _KB), (b"]}", 1)),
        "gzip of 19,000 log lines": lambda: _logs((b'{"logEvents":[{}', 1), (b",{}", 19 * _KB), (b"]}", 1)),
        "gzip of 8 MB of digits": lambda: _logs((b"1", 8 * _MB)),
        "gzip of 8 MB of brackets": lambda: _logs((b"[", 8 * _MB)),
        "100 gzips of 8 MB": lambda: _firehose(100, (b" ", 8 * _MB)),
        "100 gzips of 79 KB": lambda: _firehose(100, (b"\n", 79 * _KB)),
        "JSON 100,000 arrays deep": lambda: _message("[" * 100_000),
        "JSON 100,000 objects deep": lambda: _message('{"a":' * 100_000),
        "1 MB of empty records": lambda: _message(json.dumps({"Records": [{}] * 249_000})),
        "1 MB of empty arrays": lambda: _message(json.dumps([[]] * 249_000)),
        "20,000 recipients": lambda: _bounce(*({"emailAddress": f"a{n}@example.com"} for n in range(20_000))),
        "an address of 1 MB": lambda: _with("a" * _MB + "@example.com"),
        "a domain of 500,000 labels": lambda: _with("a@" + "x." * 500_000 + "com"),
        "an address of 1 MB of quotes": lambda: _with('"' * _MB),
        "a key of 1 MB": lambda: _message(json.dumps({"eventType": "Bounce", "k" * _MB: 1})),
        "a number of 1 MB": lambda: _with_number("9" * _MB),
    }
)
"""Events that are refused, by name: each goes to the dead-letter queue alone."""

RECORDED: Final[Mapping[str, Callable[[], Event]]] = MappingProxyType(
    {
        "1,000 recipients": lambda: _bounce(*({"emailAddress": f"a{n}@example.com"} for n in range(1_000))),
        "a diagnostic of 1 MB": lambda: _with("a@example.com", "550 5.1.1 " * 100_000),
        "a subject of 1 MB": lambda: _with("a@example.com", commonHeaders={"subject": "=?utf-8?q?a" * 90_000}),
        "a tag of 1 MB": lambda: _with("a@example.com", tags={"undelivered-account": ["A" * _MB]}),
        "a key of 1 MB in the message": lambda: _bounce({"emailAddress": "a@example.com"}, headers={"k" * _MB: 1}),
        "the number 1e999999": lambda: _with_number("1e999999"),
        "a number of 4,000 digits": lambda: _with_number("9" * 4_000),
        "a time of 1 MB": lambda: _bounce({"emailAddress": "a@example.com"}, time="9" * 500_000),
    }
)
"""Events that are recorded, by name: what is too long in them is cut or left out."""


def measure() -> list[Figure]:
    """Measure how long each event takes, and how much memory."""
    results = subprocess_runner.run("hostile_input", environment={})
    normal = results["normal"]
    hostile = {name: figures for name, figures in results.items() if name != "normal"}
    slowest, largest = (max(hostile.values(), key=lambda each: each[key])[key] for key in ("ms", "mb"))
    return [
        Figure(
            "hostile_input_over_batch",
            slowest / normal["ms"],
            "times",
            "Time to read the hostile event that takes longest, relative to a batch of 100 ordinary events",
            {name: figures["ms"] / normal["ms"] for name, figures in hostile.items()},
        ),
        Figure(
            "hostile_input_mb",
            largest,
            "MB",
            "Memory to read the hostile event that takes most",
            {name: figures["mb"] for name, figures in hostile.items()} | {"100 ordinary events": normal["mb"]},
        ),
    ]


def peak_megabytes(work: Callable[[], object]) -> float:
    """Return the memory that is allocated at most while ``work`` runs, in MB."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / _MB
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure in a process of its own."""
    from undelivered.adapters.feedback import parse_event

    now = datetime.now(UTC)
    sent_at = now - timedelta(days=1)
    normal = events.batch([events.bounce(number, sent_at, suppressing=False) for number in range(_BATCH)], now)
    results = {}
    for name, event in {"normal": lambda: normal, **REFUSED, **RECORDED}.items():
        read = partial(parse_event, event())
        results[name] = {"ms": min(_milliseconds(read) for _ in range(3)), "mb": peak_megabytes(read)}
    subprocess_runner.report_results(results)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


if __name__ == "__main__":
    main()
