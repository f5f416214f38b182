"""The benchmarks of `undelivered bench`: cost and speed, compared with a lower bound or a goal."""
