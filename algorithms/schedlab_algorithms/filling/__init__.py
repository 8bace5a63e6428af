"""Filling many nodes at once from one pool of pods, as vectorised knapsacks."""
