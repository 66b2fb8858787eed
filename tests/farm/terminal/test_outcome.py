"""The result of a run is printed for people, and as JSON for programs."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from farm.engine.loop import Summary
from farm.engine.run_counts import RunCounts
from farm.planning.scanned_replay import LeftOut
from farm.run_outcome import PlannedWork, RunOutcome
from farm.terminal.outcome import MOST_GAMES, outcome_as_json, print_outcome
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import PlannedGame
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from tests.farm.terminal.test_report import PACE
from tests.manifests.conftest import Samples
from workers.job import RenderTask

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

SAMPLES = Samples()
DUPLICATE = LeftOut("in/copy.slp", None, Reason.DUPLICATE, "another replay has these bytes")


def planned(number: int) -> PlannedGame:
    fields = {field.name for field in dataclasses.fields(PlannedGame)}
    to_plan = dataclasses.asdict(SAMPLES.to_plan(number))
    return PlannedGame(
        **{k: v for k, v in to_plan.items() if k in fields}, first_file_number=3 * number, num_chunks=3
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "set")


def outcome_of(
    store: Store,
    *,
    committed: int = 0,
    set_aside: int = 0,
    unfinished: int = 0,
    num_done: int = 0,
    left_out: tuple[LeftOut, ...] = (),
    retries: Counter[str] | None = None,
) -> RunOutcome:
    """The outcome of a run whose games are in the ledger of `store`, as after a real run."""
    numbers = range(committed + set_aside + unfinished)
    for number in numbers[:committed]:
        write_entry(store, SAMPLES.committed(planned(number)))
    for number in numbers[committed : committed + set_aside]:
        write_entry(store, SAMPLES.set_aside(number))
    ids = [SAMPLES.game_id(number) for number in numbers]
    tasks = tuple(RenderTask(planned(number)) for number in numbers[num_done:])
    work = PlannedWork(tasks, num_done, left_out, {game_id: f"in/{game_id[:4]}.slp" for game_id in ids})
    counts = RunCounts(
        committed=committed, set_aside=set_aside, waiting=unfinished, retries=retries or Counter()
    )
    summary = Summary(counts, (), 10.0, was_stopped=bool(unfinished)) if tasks else None
    return RunOutcome(
        "set", work, frozenset(ids[:committed]), frozenset(ids[committed : committed + set_aside]), summary
    )


def printed(outcome: RunOutcome, store: Store) -> str:
    text = io.StringIO()
    print_outcome(outcome, store, Console(file=text, width=110))
    return text.getvalue()


def test_few_games_get_a_row_each(store: Store):
    text = printed(outcome_of(store, committed=3), store)
    assert text.count("FOX vs MARTH") == 3
    assert "3 of 3 replays committed to set, 3 games in 10 s." in text


def test_many_games_are_told_in_numbers(store: Store):
    text = printed(outcome_of(store, committed=MOST_GAMES + 1), store)
    assert "FOX vs MARTH" not in text
    assert re.search(rf"^committed +{MOST_GAMES + 1}$", text, re.MULTILINE)


def test_attempts_that_failed_are_counted_even_in_a_small_run(store: Store):
    outcome = outcome_of(store, committed=1, retries=Counter({"worker_died": 2}))
    assert "attempts ended by worker_died" in printed(outcome, store)


def test_every_set_aside_replay_is_named_with_its_reason(store: Store):
    text = printed(outcome_of(store, committed=1, set_aside=1, left_out=(DUPLICATE,)), store)
    assert "misaligned: offset 2" in text
    assert "copy.slp  duplicate: another replay has these bytes" in text
    assert "1 of 3 replays committed" in text


def test_a_crowd_of_set_aside_replays_is_cut_and_counted(store: Store):
    left_out = tuple(dataclasses.replace(DUPLICATE, source=f"in/{n}.slp") for n in range(MOST_GAMES + 5))
    text = printed(outcome_of(store, committed=1, left_out=left_out), store)
    assert text.count("duplicate:") == MOST_GAMES
    assert "set aside  5 more" in text


def test_a_run_that_was_stopped_says_how_to_go_on(store: Store):
    outcome = outcome_of(store, committed=1, unfinished=2)
    assert "2 games are not finished; run the same command again to go on." in printed(outcome, store)
    assert outcome.exit_status == 2


def test_a_second_run_says_that_all_was_done_and_still_tells_what_is_set_aside(store: Store):
    outcome = outcome_of(store, committed=2, set_aside=1, num_done=3)
    assert "Everything was done already: 2 games committed, 1 set aside in" in printed(outcome, store)
    assert outcome.exit_status == 1


def test_machines_get_every_game_and_every_replay_that_was_left_out(store: Store):
    outcome = outcome_of(store, committed=1, set_aside=1, left_out=(DUPLICATE,))
    told = json.loads(outcome_as_json(outcome, store))
    assert sorted(game["status"] for game in told["games"]) == ["committed", "set_aside", "set_aside"]
    assert {game["reason"] for game in told["games"]} == {None, "misaligned", "duplicate"}
    assert (told["num_new"], told["exit_status"]) == (2, 1)


def test_json_holds_what_the_canaries_measured(store: Store):
    outcome = dataclasses.replace(outcome_of(store, committed=1), canaries=(PACE,))
    assert json.loads(outcome_as_json(outcome, store))["canaries"] == [PACE.to_dict()]
