# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which scheduler places this workload best, and what does a decision cost?
#
# A run compares schedulers on workloads over seeds. Here a small one is made on the spot (a few
# seconds); to look at one that there is, replace `schedlab.run(...)` by
# `schedlab.load_run("runs/quickstart-20250101-120000")`. Workloads of your own (CSV tables,
# Kubernetes objects) are named where `small` is: `docs/workloads.md`.
#
# Open this file in Jupyter with jupytext (`pip install -e '.[notebook]'`), or make a notebook
# of it: `jupytext --to ipynb compare_schedulers.py`.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

from IPython.display import display

import schedlab
import schedlab.plot
from schedlab.metrics import METRICS

suite = {
    "name": "smoke",
    "workloads": ["small"],
    "schedulers": ["kubernetes", "best-fit", "random", "CpSatPacking"],
    "seeds": 3,
    "budget": {"effort": 0.2},
}
run = schedlab.run(suite, folder=Path(tempfile.mkdtemp()) / "smoke")
run

# %% [markdown]
# ## The frames
#
# `run.trials` has one row a trial (workload x scheduler x seed) and one column a metric.

# %%
run.trials[["workload", "scheduler", "seed", "status", "placed_share", "nodes_used"]]

# %% [markdown]
# `run.summary()` has the means over seeds and half the width of their 95 % confidence intervals
# (Student's t: with two or three seeds they are wide, and that is the truth).

# %%
summary = run.summary()
shown = ["placed_share", "nodes_used", "fragmentation_cpu", "latency_p50_us", "latency_p99_us"]
summary[summary.metric.isin(shown)].pivot(
    index="scheduler", columns="metric", values=["mean", "half_width"]
).round(3)

# %% [markdown]
# Two schedulers are compared seed by seed: the mean of the *paired* differences, and half the
# width of its 95 % confidence interval. Where that is less than the difference, chance alone is
# an unlikely explanation.

# %%
run.differences("kubernetes", ["placed_share", "gap_value", "latency_p50_us"]).round(4)

# %% [markdown]
# What a metric is exactly, its own description says; `docs/metrics.md` has them all.

# %%
print(METRICS["fragmentation_cpu"].description)

# %% [markdown]
# `run.decisions` has one row a pod, `run.nodes` one row a node as the trial left it.

# %%
run.decisions.head()

# %%
run.nodes.head()

# %% [markdown]
# ## The pictures
#
# Functions of `schedlab.plot` take a frame of one workload and return matplotlib Axes, so
# everything matplotlib can do is still yours. Latency is of the scheduler's logic only.

# %%
[workload] = run.trials.workload.unique()

ax = schedlab.plot.quality_latency(run.trials, quality="fragmentation_cpu")
ax.set_title(f"Stranded cpu against the cost of a decision: {workload}")
display(ax.figure)

# %%
display(schedlab.plot.utilisation(run.trials).figure)

# %%
display(schedlab.plot.latency_cdf(run.decisions).figure)

# %% [markdown]
# How far each is below what anybody could place, and when: a search is a line.

# %%
display(schedlab.plot.gap_over_time(run.trials, run.table("incumbents")).figure)

# %% [markdown]
# Every node is a cell: packing leaves nodes dark, spreading fills them alike.

# %%
first, *_ = schedlab.plot.node_heatmap(run.nodes, resource="cpu")
display(first.figure)

# %% [markdown]
# And the picture that `schedlab run` leaves in the run folder.

# %%
display(schedlab.plot.summary_figure(run))
