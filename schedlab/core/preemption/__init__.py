"""Nodes as they would be without some pods, and making room by preemption."""
