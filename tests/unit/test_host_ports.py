"""Host ports as values: what is left empty means what Kubernetes reads."""

from __future__ import annotations

import pytest

from schedlab.errors import InputError
from schedlab.model.objects import HostPort


def test_what_is_left_empty_is_tcp_on_all_addresses() -> None:
    assert HostPort(80, "", "") == HostPort(80, "TCP", "0.0.0.0")


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="expected a port from 1 to 65535"):
        HostPort(port)
