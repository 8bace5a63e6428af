"""LargeNeighbourhood: packs a few nodes at a time exactly, from any start."""

from schedlab_algorithms.large_neighbourhood.scheduler import LargeNeighbourhood

__all__ = ["LargeNeighbourhood"]
