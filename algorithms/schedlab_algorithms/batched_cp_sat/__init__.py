"""Online scheduling by small batches, each solved jointly by CP-SAT on a few nodes."""

from schedlab_algorithms.batched_cp_sat.scheduler import BatchedCpSat

__all__ = ["BatchedCpSat"]
