"""Figures of a run: functions from tidy frames to matplotlib Axes.

They use no global pyplot state and need no display.  Every function that draws into one
Axes takes ``ax`` and returns it.
"""

from schedlab.plot.comparison import quality_latency, ranked_bars, utilisation
from schedlab.plot.detail import latency_cdf, node_heatmap
from schedlab.plot.gap import gap_over_time
from schedlab.plot.summary import summary_figure

__all__ = [
    "gap_over_time",
    "latency_cdf",
    "node_heatmap",
    "quality_latency",
    "ranked_bars",
    "summary_figure",
    "utilisation",
]
