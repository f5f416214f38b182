"""Figures: what was measured, in which unit, and what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    ``beside`` holds what it was measured against in the same run (a floor, a peer) and its parts, by name.
    """

    name: str
    value: float
    unit: str
    says: str
    beside: Mapping[str, float] = field(default_factory=dict)

    @property
    def goal(self) -> float | None:
        """The most (of rates: the least) it should be, None where no goal was set."""
        return GOALS.get(self.name)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met, None where there is none."""
        return None if self.goal is None else self.value <= self.goal


GOALS: Final[Mapping[str, float]] = {
    "ingest_cpu_over_floor": 1.5,
    "ingest_aws_calls_per_event": 0.03,
    "ingest_wcu_per_event": 4.2,
    "ingest_aws_calls_per_suppressing_event": 0.05,
    "ingest_wcu_per_suppressing_event": 6.3,
    "count_rcu_1k": 2,
    "count_rcu_100k": 2,
    "count_rcu_1m": 2,
    "report_page_rcu_over_bytes_1m": 2,
    "cold_start_over_boto3": 1.3,
    "visible_p50_s": 1.5,
    "visible_p99_s": 3,
    "soak_memory_growth": 1.1,
}
"""The most that each figure should be."""
