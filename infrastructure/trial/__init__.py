"""The trial of a deployed stage: a scenario with AWS's simulators, and a report on unexpected results."""
