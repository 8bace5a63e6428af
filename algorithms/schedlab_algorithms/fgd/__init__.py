"""The placement policies of *Beware of Fragmentation* (Weng et al., USENIX ATC 2023).

Each is a plugin in a file of its own, exact to the integer as the authors' simulator
computes it: coarse scores make ties frequent, so how a score is truncated is part of it.
"""
