"""Implementations of the ports on AWS, and the parsers of AWS events."""
