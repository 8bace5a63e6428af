"""Minimum-cost flow: pods of equal size are put into slots at the lowest cost."""

from schedlab_algorithms.min_cost_flow.scheduler import MinCostFlow

__all__ = ["MinCostFlow"]
