"""The ports on AWS, and the forms of AWS events."""
