"""The Ray cluster that tests start runs beside any other Ray of the machine and leaves no socket open."""

from __future__ import annotations

import contextlib
import gc
import socket
import warnings

import pytest

from tests.ray_cluster import started_cluster

DASHBOARD_PORT = 8265  # the port that Ray chooses by itself


@pytest.mark.ray
@pytest.mark.slow
def test_a_cluster_beside_another_ray_leaves_no_socket_open():
    gc.collect()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # else another Ray has the port, which serves the test as well
            stack.enter_context(socket.create_server(("127.0.0.1", DASHBOARD_PORT)))
        told = stack.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always", ResourceWarning)
        with started_cluster(num_nodes=0, slots_each=0):
            pass
        gc.collect()
    assert [str(each.message) for each in told if "socket" in str(each.message)] == []
