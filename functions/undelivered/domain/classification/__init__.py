"""What a failure report means: the reason of a failure, found from codes and texts."""

from undelivered.domain.classification.engine import classify_bounce, classify_diagnostic

__all__ = ["classify_bounce", "classify_diagnostic"]
