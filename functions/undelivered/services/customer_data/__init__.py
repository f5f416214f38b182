"""Export and erase all data about a customer."""
