"""A simulator of mail servers and phones for the local stack: it receives messages and publishes their events."""
