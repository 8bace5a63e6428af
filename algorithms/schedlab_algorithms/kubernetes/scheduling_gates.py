"""SchedulingGates (plugins/schedulinggates/scheduling_gates.go)."""

from __future__ import annotations

from schedlab.api import PodView, PreEnqueuePlugin, Reason


class SchedulingGates(PreEnqueuePlugin):
    """Keeps pods with scheduling gates out of the queue."""

    def admits(self, pod: PodView) -> bool:
        """Admit pods whose gates are all gone."""
        return not pod.spec.scheduling_gates

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason, which names the gates."""
        gates = " ".join(pod.spec.scheduling_gates)
        return (Reason(f"waiting for scheduling gates: [{gates}]", resolvable=False),)
