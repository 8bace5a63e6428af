"""All metrics, in the order of the tables."""

from __future__ import annotations

from collections.abc import Iterable

from schedlab.metrics import fragmentation, latency, optimality, placed, usage, wishes
from schedlab.metrics.metric import Family, Metric
from schedlab.metrics.outcome import Outcome

SEPARATOR = ":"


class Metrics(dict[str, Metric]):
    """Metrics by name; a member of a family, ``family:member``, is made when asked for."""

    def __init__(self, metrics: Iterable[Metric], families: Iterable[Family]) -> None:
        super().__init__((m.name, m) for m in metrics)
        self.families = {f.name: f for f in families}

    def offers(self, name: str) -> bool:
        """Say whether there is such a metric, or may be such a member of a family."""
        return name in self or name.partition(SEPARATOR)[0] in self.families

    def __missing__(self, name: str) -> Metric:
        family, separator, member = name.partition(SEPARATOR)
        if not separator or family not in self.families:
            raise KeyError(name)
        kind = self.families[family]

        def of(outcome: Outcome) -> float:
            return kind.of(outcome).get(member, 0.0)

        return Metric(name, kind.unit, kind.better, kind.description, of)


METRICS = Metrics(
    [
        placed.pods_placed,
        placed.placed_share,
        placed.placed_priority_weighted,
        placed.pods_evicted,
        placed.moves,
        optimality.bound,
        optimality.gap,
        optimality.gap_priority_weighted,
        optimality.value,
        optimality.value_bound,
        optimality.gap_value,
        usage.nodes_used,
        optimality.nodes_bound,
        optimality.nodes_gap,
        usage.utilisation_cpu,
        usage.utilisation_memory,
        usage.utilisation_gpu,
        fragmentation.fragmentation_cpu,
        fragmentation.fragmentation_memory,
        fragmentation.fragmentation_gpu,
        fragmentation.fragmentation_fgd,
        usage.balance_cv,
        usage.imbalance_cpu_memory,
        wishes.spread_skew_mean,
        wishes.spread_skew_max,
        wishes.preferences_satisfied,
        latency.latency_p50_us,
        latency.latency_p95_us,
        latency.latency_p99_us,
        latency.latency_max_us,
        latency.throughput_pods_per_s,
        latency.schedule_seconds,
        optimality.seconds_to_1_percent,
        latency.peak_memory_mb,
    ],
    [
        placed.placed_share_by_priority,
        optimality.bound_by_priority,
        optimality.gap_by_priority,
        placed.unplaced_by_reason,
        usage.utilisation_by_resource,
    ],
)
"""Every metric by name, and the families of which a trial has as many as it has members."""
