"""The trial of a deployed stage: a story with AWS's simulators, and the report on what differs from the expected."""
