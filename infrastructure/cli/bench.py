"""`undelivered bench`: measure cost and speed."""

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infrastructure.bench.figures import Figure
from infrastructure.paths import ROOT

_STDERR: Final = Console(stderr=True)
_PICTURE: Final = ROOT / "infrastructure" / "bench" / "figures.svg"

_SHOWN_COMPARISONS: Final = 5

Measurement = Callable[[Callable[[float], None]], Sequence[Figure]]
"""A measurement. It calls its argument with its progress, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """The size of a run: batches, open items of accounts, also of those searched, rounds, events, sends, waiting sends.

    0 skips a measurement.
    """

    cpu_batches: int
    capacity_batches: int
    sizes: Sequence[int]
    searched: Sequence[int]
    cold_starts: int
    priced: int
    trickle: int
    burst: int
    waiting: int


_FULL: Final = _Scale(60, 20, (1_000, 100_000, 1_000_000), (10_000, 1_000_000), 15, 1_000, 100, 10_000, 20_000)
_QUICK: Final = _Scale(20, 3, (1_000, 10_000), (10_000,), 3, 100, 0, 0, 2_000)


def bench(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Take about a minute: smaller accounts, fewer rounds and no running stack.")
    ] = False,
    only: Annotated[str, typer.Option(help="Run only these parts, separated by commas.")] = "",
    soak: Annotated[float, typer.Option(help="Only run a load test on a local stack for this many minutes.")] = 0.0,
) -> None:
    """Measure cost and speed, and compare each figure with a lower bound, another program or a goal."""
    began = datetime.now(UTC)
    scale = _QUICK if quick else _FULL
    parts = _soak_test(soak) if soak else _parts(scale)
    chosen = [name.strip() for name in only.split(",") if name.strip()] or list(parts)
    if unknown := set(chosen) - set(parts):
        raise typer.BadParameter(f"unknown part: {', '.join(sorted(unknown))}. Choose from {', '.join(parts)}")
    figures = _measure({name: parts[name] for name in chosen})
    took = (datetime.now(UTC) - began).total_seconds()
    if not (quick or only or soak):
        from infrastructure.bench.picture import draw

        draw(figures, _PICTURE)
    _show(figures, quick=quick)
    if as_json:
        print(json.dumps(_report(figures, quick=quick, began=began, took=took), indent=2))


def _parts(scale: _Scale) -> Mapping[str, Measurement]:
    """Return all measurements, by name, in order."""
    from infrastructure.bench import (
        cold_start,
        cost,
        end_to_end_latency,
        export_throughput,
        first_visit,
        hostile_input,
        ingest_capacity,
        ingest_cpu,
        lighthouse_scores,
        month,
        query_cost,
        report_usable,
        search_cost,
        sending_rate,
    )

    parts: dict[str, Measurement] = {
        "ingest_cpu": lambda _: ingest_cpu.measure(scale.cpu_batches),
        "ingest_capacity": lambda _: ingest_capacity.measure(scale.capacity_batches),
        "hostile_input": lambda _: hostile_input.measure(),
        "reading": lambda progress: query_cost.measure(scale.sizes, progress),
        "search": lambda progress: search_cost.measure(scale.searched, progress),
        "cold_start": lambda _: cold_start.measure(scale.cold_starts),
        "cost": lambda _: cost.measure(scale.priced),
        "month": month.measure,
        "sending": lambda progress: sending_rate.measure(scale.waiting, progress),
        "export": lambda _: export_throughput.measure(scale.sizes, scale.sizes[1]),
    }
    if scale.burst:
        parts["first_visit"] = first_visit.measure
        parts["report_usable"] = report_usable.measure
        parts["lighthouse"] = lighthouse_scores.measure
        parts["visible"] = lambda progress: end_to_end_latency.measure(scale.trickle, scale.burst, progress)
    return parts


def _soak_test(minutes: float) -> Mapping[str, Measurement]:
    from infrastructure.bench import soak

    return {"soak": lambda progress: soak.measure(minutes, progress)}


def _measure(parts: Mapping[str, Measurement]) -> list[Figure]:
    figures: list[Figure] = []
    with _progress() as bar:
        tasks = {name: bar.add_task(name.replace("_", " "), total=1, start=False) for name in parts}
        for name, measurement in parts.items():
            bar.start_task(tasks[name])
            figures += measurement(lambda share, task=tasks[name]: bar.update(task, completed=share))  # type: ignore[misc]
            bar.update(tasks[name], completed=1)
    return figures


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_STDERR) as bar:
        yield bar


def _show(figures: Sequence[Figure], *, quick: bool) -> None:
    table = Table(title="Figures" + (" from a quick run, with smaller accounts and fewer rounds" if quick else ""))
    for heading in ("figure", "value", "goal", "description"):
        table.add_column(heading, justify="right" if heading in {"value", "goal"} else "left")
    for figure in figures:
        colour = {True: "green", False: "red", None: "default"}[figure.is_met]
        goal = "" if figure.goal is None else f"{'≥' if figure.more_is_better else '≤'} {figure.goal:g}"
        table.add_row(
            figure.name, f"[{colour}]{_short(figure.value)}[/] {figure.unit}", goal, escape(figure.description)
        )
        worst_first = sorted(figure.comparisons.items(), key=lambda item: item[1], reverse=not figure.more_is_better)
        for name, value in worst_first[:_SHOWN_COMPARISONS]:
            table.add_row("", f"[dim]{_short(value)}[/]", "", f"[dim]{escape(name.replace('_', ' '))}[/]")
    _STDERR.print(table)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"  # noqa: PLR2004 - thousands need no decimals


def _report(figures: Sequence[Figure], *, quick: bool, began: datetime, took: float) -> dict[str, Any]:
    """Return the JSON document: the values by name, and the details of each figure."""
    return {
        **{figure.name: round(figure.value, 6) for figure in figures},
        "details": {figure.name: {**asdict(figure), "goal": figure.goal, "met": figure.is_met} for figure in figures},
        "quick": quick,
        "measured_at": began.isoformat(timespec="seconds"),
        "took_s": round(took, 1),
        "machine": {"system": platform.system(), "machine": platform.machine(), "python": platform.python_version()},
    }
