"""The entry points: one module for each Lambda function, and what they share."""
