"""``schedlab explain`` of pods with claims, on the sample manifests."""

from __future__ import annotations

import json

from schedlab_workloads.manifests import SAMPLE

from .conftest import Cli


def test_the_volumes_that_a_pod_would_get(cli: Cli) -> None:
    done = cli("explain", SAMPLE, "shop/db-0")
    assert done.code == 0, done.err
    assert "It gives claim shop/data-db-0 a new volume." in done.out
    told = json.loads(cli("explain", SAMPLE, "shop/db-0", "--json").out)
    assert told["volumes"] == {"shop/data-db-0": "<provision>"}
