"""Placement quality and latency: what a trial is worth, by definitions with sources.

``METRICS`` holds every metric by name; :func:`measure` evaluates them all.  Whether a
placement is legal at all is :mod:`schedlab.metrics.verify`'s to say.
"""

from schedlab.metrics.measuring import measure
from schedlab.metrics.metric import Family, Metric
from schedlab.metrics.outcome import Outcome
from schedlab.metrics.statistics import mean_interval
from schedlab.metrics.table import METRICS

__all__ = ["METRICS", "Family", "Metric", "Outcome", "mean_interval", "measure"]
