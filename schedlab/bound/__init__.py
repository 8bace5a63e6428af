"""How good a placement could be at most: certified bounds by linear relaxations."""

from schedlab.bound.eligibility import eligible, eligible_kinds
from schedlab.bound.exclusion import Exclusion, exclusions_of
from schedlab.bound.fluid import FluidBound, TierBounds, fluid_bound, tier_bounds
from schedlab.bound.nodes import fewest_nodes
from schedlab.bound.problem import PackingProblem, copies, packing_problem
from schedlab.bound.relaxation import Relaxation, demand_and_offer, relax
from schedlab.bound.rules import NO_RULES, PodRules, pod_rules
from schedlab.bound.shares import share_worths
from schedlab.bound.stopping import stopping

__all__ = [
    "NO_RULES",
    "Exclusion",
    "FluidBound",
    "PackingProblem",
    "PodRules",
    "Relaxation",
    "TierBounds",
    "copies",
    "demand_and_offer",
    "eligible",
    "eligible_kinds",
    "exclusions_of",
    "fewest_nodes",
    "fluid_bound",
    "packing_problem",
    "pod_rules",
    "relax",
    "share_worths",
    "stopping",
    "tier_bounds",
]
