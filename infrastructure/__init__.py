"""Build, run, measure and deploy Undelivered."""
