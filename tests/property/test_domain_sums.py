"""Sums by domain, however many changes are taken in at once, are those of what is placed."""

from __future__ import annotations

import numpy as np
import pytest

from schedlab.api import Cluster, PodSpec
from schedlab.core.counts import DomainSums
from schedlab.model.objects import Node

NODES, DOMAINS = 12, 3


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_those_of_the_pods_that_are_there(seed: int) -> None:
    generator = np.random.default_rng(seed)
    nodes = [Node(f"n{i}", {"cpu": 1000, "pods": 110}) for i in range(NODES)]
    specs = [PodSpec(requests=(("cpu", amount),)) for amount in (0, 1, 7)]
    cluster = Cluster(nodes, specs)
    codes = generator.integers(-1, DOMAINS, NODES)
    sums = DomainSums(cluster, codes, DOMAINS, lambda spec: spec.request("cpu"))
    there: list[tuple[int, int]] = []
    for _ in range(20):
        for _ in range(generator.integers(1, 20)):
            if there and generator.random() < 0.4:
                cluster.remove(*there.pop(generator.integers(len(there))))
            else:
                there.append((int(generator.integers(len(specs))), int(generator.integers(NODES))))
                cluster.place(*there[-1])
        expected = [0] * DOMAINS
        for signature, row in there:
            if codes[row] >= 0:
                expected[codes[row]] += specs[signature].request("cpu")
        assert sums.current().tolist() == expected
