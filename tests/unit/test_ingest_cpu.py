"""The measurement of the ingest function's CPU time."""

import pytest

from infrastructure.bench import ingest_cpu


def test_the_batches_that_are_measured_are_written_as_in_operation():
    """A batch is one transaction, as the measurement itself asserts; it fails if events are written one by one."""
    over_floor, each = ingest_cpu.measure(batches=1)

    assert over_floor.name == "ingest_cpu_over_floor"
    assert each.value / over_floor.value == pytest.approx(each.comparisons["floor_us"])
    assert each.value > 0
