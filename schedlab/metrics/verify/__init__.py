"""An independent check of placements, which shares no code with what it judges."""

from schedlab.metrics.verify.replay import HARD_CONSTRAINTS, Violation, verify

__all__ = ["HARD_CONSTRAINTS", "Violation", "verify"]
