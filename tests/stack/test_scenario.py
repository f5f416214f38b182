"""The acceptance scenario, on the deployed stack."""

import pytest

from infrastructure.local.scenario import STEPS, Scenario


@pytest.fixture(scope="module")
def scenario(stack):
    scenario = Scenario.on(stack)
    yield scenario
    scenario.close()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_step_succeeds(scenario, step):
    step.run(scenario)
