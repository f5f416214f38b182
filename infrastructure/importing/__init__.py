"""Imports of customers and suppressions from files, through the HTTP API."""
