"""A Ray cluster that cannot be joined or started gives an error of one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.listening import is_loopback
from workers.errors import EnvironmentFailed

pytestmark = pytest.mark.ray

LATE = "The current node timed out during startup. This could happen because ..."


def test_a_node_that_is_not_up_in_time_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch):
    from farm.pools import ray_nodes  # noqa: PLC0415 - only where Ray is

    def init_that_is_late(**_options: Any) -> None:
        raise Exception(LATE)  # noqa: TRY002 - what Ray 2.60 raises after its 30 s

    monkeypatch.setattr(ray_nodes.ray, "init", init_that_is_late)
    with (
        pytest.raises(EnvironmentFailed, match=r"cannot start Ray here: .* too busy, run it again"),
        ray_nodes.joined_cluster("local", num_local_slots=1),
    ):
        pass


@pytest.mark.parametrize(("fault", "address"), [(TypeError, "local"), (RuntimeError, "192.0.2.1:6379")])
def test_a_fault_of_the_program_stays_what_it_is(
    fault: type[Exception], address: str, monkeypatch: pytest.MonkeyPatch
):
    from farm.pools import ray_nodes  # noqa: PLC0415 - only where Ray is

    def init_with_a_fault(**_options: Any) -> None:
        raise fault(LATE)

    monkeypatch.setattr(ray_nodes.ray, "init", init_with_a_fault)
    with pytest.raises(fault), ray_nodes.joined_cluster(address, num_local_slots=1):
        pass


@pytest.mark.slow
def test_a_cluster_of_our_own_listens_on_loopback_alone():
    code = (
        "import json, os\n"
        "from farm.pools import ray_environment\n"
        "ray_environment.prepare()\n"
        "from farm.pools.ray_nodes import joined_cluster\n"
        "from tests.listening import addresses_of\n"
        "with joined_cluster('local', num_local_slots=1):\n"
        "    print(json.dumps(sorted(addresses_of(os.getpid()))))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=240
    )
    assert ended.returncode == 0, ended.stderr
    listening = json.loads(ended.stdout.splitlines()[-1])
    assert listening
    assert not [address for address in listening if not is_loopback(address)]


@pytest.mark.slow
def test_a_head_that_does_not_answer_ends_the_program_with_2_and_one_line():
    """Ray itself goes on trying for a quarter of an hour, and for hours in these tests' environment."""
    code = (
        "from farm.pools import ray_nodes\n"
        "ray_nodes.JOIN_SECONDS = 1.0\n"
        "with ray_nodes.joined_cluster('127.0.0.1:9', num_local_slots=1):\n"
        "    print('joined')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "RAY_gcs_server_port_wait_time_s": "300"},
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "farm: the Ray cluster at 127.0.0.1:9 has not let this run join within 1 s" in ended.stderr


def test_a_head_that_ray_gives_up_is_an_error_with_its_address(monkeypatch: pytest.MonkeyPatch):
    from farm.pools import ray_nodes  # noqa: PLC0415 - only where Ray is

    def init_without_answer(**_options: Any) -> None:
        message = "Failed to connect to GCS. Last connection error: Traceback\n ..."
        raise RuntimeError(message)

    monkeypatch.setattr(ray_nodes.ray, "init", init_without_answer)
    with (
        pytest.raises(
            EnvironmentFailed, match=r"^no Ray cluster at 192.0.2.1:6379: Failed to connect to GCS"
        ),
        ray_nodes.joined_cluster("192.0.2.1:6379", num_local_slots=1),
    ):
        pass
