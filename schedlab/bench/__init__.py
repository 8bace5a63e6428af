"""What a decision costs: the cases of scheduler_perf by every decision path."""
