"""Undelivered: which notifications never arrived, why, and how to get them there."""

import gc
from typing import Final

__version__: Final = "1.0.0"  # also in pyproject.toml

# Starting makes a quarter of a million objects and lets go of few: looking through them for garbage again and again,
# as the usual threshold has it, is a seventh of a cold start. Cycles that are garbage still go, a little later.
gc.set_threshold(100_000, 50, 100)
