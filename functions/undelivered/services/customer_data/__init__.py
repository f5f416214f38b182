"""All that is held on one customer: export it, erase it."""
