"""`undelivered doctor`: what of a deployed stack is not as it should be, and what to do about it."""
