"""CpSatPacking: an OR-Tools scheduler that packs whole batches."""

from schedlab_algorithms.cp_sat_packing.scheduler import CpSatPacking

__all__ = ["CpSatPacking"]
