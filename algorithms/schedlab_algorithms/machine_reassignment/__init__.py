"""Machine reassignment, the ROADEF/EURO challenge 2012: problem, cost, bound and search."""
