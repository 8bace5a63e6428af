"""DualPrice: knapsacks at the prices of a linear program, for nodes that are all different."""

from schedlab_algorithms.dual_price.scheduler import DualPrice

__all__ = ["DualPrice"]
