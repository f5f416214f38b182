"""The schemas of responses, and how domain objects are converted to them.

A name ends in ``View`` where the domain has a class of the name without it.
"""
