"""ColumnGeneration: patterns for kinds of equal nodes, chosen by a linear program."""

from schedlab_algorithms.column_generation.scheduler import ColumnGeneration

__all__ = ["ColumnGeneration"]
