"""A Ray cluster that cannot be joined or started gives an error of one line."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_a_fault_of_the_program_stays_what_it_is(monkeypatch: pytest.MonkeyPatch):
    from farm.pools import ray_nodes  # noqa: PLC0415 - only where Ray is

    def init_with_a_fault(**_options: Any) -> None:
        raise TypeError(LATE)

    monkeypatch.setattr(ray_nodes.ray, "init", init_with_a_fault)
    with pytest.raises(TypeError), ray_nodes.joined_cluster("local", num_local_slots=1):
        pass
