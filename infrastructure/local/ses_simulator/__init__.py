"""Stands in for SES, SNS texts and the recipients of the local stack: accepts what is sent and publishes its events."""
