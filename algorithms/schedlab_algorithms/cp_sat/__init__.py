"""CP-SAT models of a part of a packing problem: some signatures on some nodes, packed exactly."""
