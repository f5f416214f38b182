"""The results of a benchmark, and their goals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its unit.

    ``comparisons`` holds, by name, the parts of the value and what the same run measured for comparison: a lower bound
    or another program.
    """

    name: str
    value: float
    unit: str
    description: str
    comparisons: Mapping[str, float] = field(default_factory=dict)

    @property
    def goal(self) -> float | None:
        """The highest value that is acceptable, or the lowest if ``more_is_better``; None if there is no goal."""
        return LOWEST.get(self.name, GOALS.get(self.name))

    @property
    def more_is_better(self) -> bool:
        """Whether the goal is the lowest acceptable value."""
        return self.name in LOWEST

    @property
    def is_met(self) -> bool | None:
        """Whether the value meets its goal, or None if there is no goal."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal


LOWEST: Final[Mapping[str, float]] = {
    "send_rate_used_1": 0.95,
    "send_rate_used_14": 0.95,
    "send_rate_used_200": 0.95,
    "console_lighthouse": 95,
}
"""The lowest acceptable value of each figure that has one, by name."""

GOALS: Final[Mapping[str, float]] = {
    "ingest_cpu_over_floor": 1.5,
    "ingest_aws_calls_per_event": 0.03,
    "ingest_wcu_per_event": 4.2,
    "ingest_aws_calls_per_suppressing_event": 0.05,
    "ingest_wcu_per_suppressing_event": 6.3,
    "hostile_input_over_batch": 50,
    "hostile_input_mb": 128,  # a quarter of the functions' memory
    "count_rcu_1k": 2,
    "count_rcu_100k": 10,
    "count_rcu_1m": 10,
    "report_page_rcu_over_bytes_1m": 2,
    "search_first_hit_s_10k": 2,
    "search_first_hit_s_1m": 5,
    "cold_start_over_boto3": 1.3,
    "console_first_visit_kb": 45,
    "console_report_usable_s": 1,
    "visible_p50_s": 1.5,
    "visible_p99_s": 3,
    "soak_memory_growth": 1.1,
    "send_dead_letters": 0,
    "send_twice": 0,
    "resend_wait_p95_s": 5,
}
"""The highest acceptable value of each other figure, by name."""
