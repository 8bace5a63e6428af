"""What the OR-Tools schedulers share: greedy starts, an incumbent, rules, a bound, an answer."""
