"""The tables and the stores on them."""
