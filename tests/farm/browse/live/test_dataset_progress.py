"""The progress of a dataset, as `farm status --watch` and the browser show it during a run."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from farm.amounts import size_text
from farm.browse.live.dataset_progress import MOST_INTERVALS, dataset_progress, throughput
from farm.cli import farm
from farm.planning.estimate import Prices
from manifests.ledger.entry import Status, done_game_ids, read_entries, write_entry
from manifests.snapshot.status import dataset_status
from manifests.store.keys import ledger_key
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three games of 200 frames committed, which took 10 s each; one pending, one set aside."""
    store = build(tmp_path / "set", tmp_path / "scratch")
    for entry in list(read_entries(store, done_game_ids(store))):
        if entry.status is Status.COMMITTED:
            run = dataclasses.replace(entry.run, timings={"wall_seconds": 10.0})
            store.put(ledger_key(entry.game_id), dataclasses.replace(entry, run=run).to_json())
    return store


@given(st.lists(st.floats(1.6e9, 1.9e9), min_size=1, max_size=50))
def test_every_game_is_in_one_of_a_bounded_number_of_intervals(ended_at: list[float]):
    found = throughput(ended_at)
    assert sum(found.games) == len(ended_at)
    assert 1 <= len(found.games) <= MOST_INTERVALS
    assert found.first_start <= min(ended_at)
    assert max(ended_at) < found.first_start + len(found.games) * found.interval_seconds
    assert found.games[0]
    assert found.games[-1]


def test_nothing_ended_is_no_interval():
    assert throughput([]).games == ()


@pytest.mark.slow
def test_the_cost_is_that_of_the_games_own_pace(store: Store):
    found = dataset_progress(store, Prices(core_hour=3.6, gigabyte_month=1e9))
    assert found.cost is not None
    assert found.cost.slot_hours == pytest.approx(30 / 3600)
    assert found.cost.dollars == pytest.approx(30 / 3600 * 3.6)
    assert found.cost.dollars_a_month == found.status.video_bytes + found.status.states_bytes
    assert sum(found.throughput.games) == 4


@pytest.mark.slow
def test_games_that_do_not_say_what_they_took_have_no_cost(tmp_path: Path):
    assert dataset_progress(build(tmp_path / "set", tmp_path / "scratch")).cost is None


# A program in the background of a script inherits that it ignores interrupts.
HEED_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


class TestCommand:
    @pytest.mark.slow
    def test_the_table_has_pace_and_cost(self, store: Store):
        result = CliRunner().invoke(farm, ["status", store.url])
        assert result.exit_code == 0, result.output
        assert "cost so far, about" in result.output
        assert "games per 0:01:00" in result.output

    @pytest.mark.slow
    def test_watching_ends_by_itself_when_time_is_up(self, store: Store):
        result = CliRunner().invoke(farm, ["status", store.url, "--watch", "--at-most", "0"])
        assert result.exit_code == 0, result.output
        size = size_text(dataset_status(store).video_bytes)
        assert result.stdout == (
            f"3 of 4 games committed, 1 set aside, 1 pending, 600 frames, {size} of video\n"
        )

    @pytest.mark.slow
    def test_watching_ends_when_the_last_game_does_and_tells_only_changes(self, store: Store):
        last = Samples().set_aside(3)  # the pending game
        command = [sys.executable, "-c", "from farm.cli import main; main()", "status", store.url]
        command += ["--watch", "--every", "0.1", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
            giving_up = threading.Timer(60, watching.kill)
            giving_up.start()
            try:
                assert watching.stdout is not None
                before = json.loads(watching.stdout.readline())
                write_entry(store, last)
                *_, after = [json.loads(line) for line in watching.stdout]
            finally:
                giving_up.cancel()
        assert watching.returncode == 0
        assert (before["num_pending"], after["num_pending"]) == (1, 0)

    @pytest.mark.slow
    def test_an_interrupt_ends_it_cleanly(self, store: Store):
        command = [
            *(sys.executable, "-c", f"{HEED_INTERRUPTS}; from farm.cli import main; main()"),
            *("status", store.url, "--watch"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            giving_up = threading.Timer(60, watching.kill)
            giving_up.start()
            try:
                assert watching.stdout is not None
                assert watching.stdout.readline().startswith("3 of 4 games")
                watching.send_signal(signal.SIGINT)
                _, said = watching.communicate()
            finally:
                giving_up.cancel()
        assert (watching.returncode, said) == (0, "stopped watching; the run goes on\n")
