"""Runs `ray up`, `ray submit`, `ray job submit`, `ray down` through a real sshd, as docker/README.md says.

`FARM_SUBMIT_GAMES=10 pytest -s tests/end_to_end/test_ray_submit.py` prints the transcript.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.ledger.entry import done_game_ids
from manifests.store.open import open_store
from tests.conftest import PROJECT_ROOT
from tests.end_to_end.disturbed import record_games
from tests.end_to_end.lone_machine import LoneMachine, lone_machine, why_not

pytestmark = [pytest.mark.ray, pytest.mark.dolphin, pytest.mark.slow, pytest.mark.timeout(600)]

NUM_GAMES = int(os.environ.get("FARM_SUBMIT_GAMES", "2"))
CLUSTER = "docker/cluster-local.yaml"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[LoneMachine]:
    if reason := why_not():
        pytest.skip(reason)
    work = tmp_path / "machine"
    work.mkdir()
    with lone_machine(work, PROJECT_ROOT) as machine:
        yield machine


def told(machine: LoneMachine, line: str, status: int = 0) -> str:
    """Run a command line as a user would; return its output, and add both to the transcript."""
    done = machine.run(*line.split())
    sys.stdout.write(f"$ {line}\n{done.stdout}[exit status {done.returncode}]\n\n")
    assert done.returncode == status, done.stdout
    return done.stdout


def settings(replays: Path, dataset: Path) -> str:
    return f"replays = {json.dumps([str(replays)])}\nout = {json.dumps(str(dataset))}\nlog_seconds = 5\n"


def test_the_command_as_the_user_types_it(machine: LoneMachine, tmp_path: Path):
    replays, first, second = (tmp_path / name for name in ("replays", "first", "second"))
    record_games(replays, NUM_GAMES, 60)
    told(machine, "ray get-auth-token --generate")
    told(machine, f"ray up --yes --disable-usage-stats {CLUSTER}")
    machine.write("farm.toml", settings(replays, first))
    submit = f"ray submit {CLUSTER} farm/launch.py --emulator standin --games {NUM_GAMES}"
    output = told(machine, submit)
    assert f"Plan: {NUM_GAMES} games" in output
    assert "Dashboard: http://127.0.0.1:8265" in output
    assert f"{NUM_GAMES} of {NUM_GAMES} replays committed to" in output
    assert len(list(done_game_ids(open_store(str(first))))) == NUM_GAMES
    assert f"Everything was done already: {NUM_GAMES} games committed" in told(machine, submit)

    job = "ray job submit --address http://127.0.0.1:8265 --"
    output = told(
        machine,
        f"{job} python -m farm.launch --emulator standin --games 1 --replays {replays} --out {second}",
    )
    assert re.search(r"\b1 of \d+ replays committed to", output)
    assert "succeeded" in output
    told(
        machine,
        f"{job} python -m farm.launch --emulator standin --games none --replays {replays} --out {second}",
        status=1,
    )
    assert re.search(r"committed +│ +1 game", told(machine, f"farm status {second}"))
    told(machine, f"ray down --yes {CLUSTER}")
