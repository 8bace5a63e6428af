"""Making room for pods that fit on no node by moving few running ones."""

from schedlab_algorithms.defragment.scheduler import Defragment

__all__ = ["Defragment"]
