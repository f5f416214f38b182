"""The checks of `undelivered doctor`: problems of a deployed stack, and their remedies."""
