"""The story the product must pass, on the stack as it is deployed."""

import pytest

from infrastructure.local.scenario import STEPS, Story


@pytest.fixture(scope="module")
def story(stack):
    told = Story.on(stack)
    yield told
    told.close()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_step_of_the_story_holds(story, step):
    step.run(story)
