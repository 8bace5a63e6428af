"""CLUSTER plugins by groups of nodes, of which all of them say the same."""
