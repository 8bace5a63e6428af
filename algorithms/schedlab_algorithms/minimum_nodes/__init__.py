"""MinimumNodes: a scheduler that places a batch on as few nodes as possible."""

from schedlab_algorithms.minimum_nodes.scheduler import MinimumNodes

__all__ = ["MinimumNodes"]
