"""The local stack and the receiving world around it: development only."""
