"""Undelivered: which notifications never arrived, why, and how to get them there."""
