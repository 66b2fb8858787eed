"""`farm status` says from a dataset's store alone how many of its games are done."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import withdraw, write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.finalize import finalize
from manifests.snapshot.status import dataset_status
from manifests.store.contract import Store
from manifests.store.keys import ledger_key
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000.0


@pytest.fixture
def store(tmp_path: Path, samples: Any) -> Store:
    store = open_store(tmp_path / "store")
    open_or_create(store, samples.description)
    append_plan(store, [samples.to_plan(n, 100 + n) for n in range(10)], 90)
    return store


def commit(store: Store, samples: Any, numbers: range, age_seconds: float = 0.0) -> None:
    wanted = {samples.game_id(n) for n in numbers}
    for game in planned_games(store):
        if game.game_id in wanted:
            write_entry(store, samples.committed(game))
            path = f"{store.url}/{ledger_key(game.game_id)}"
            os.utime(path, (NOW - age_seconds, NOW - age_seconds))


def test_a_dataset_just_begun_is_all_pending(store: Store):
    status = dataset_status(store, NOW)
    assert (status.num_planned, status.frames_planned, status.num_pending) == (10, 1045, 10)
    assert (status.num_committed, status.num_frames, status.newest_entry_at) == (0, 0, None)
    assert (status.games_per_hour, status.seconds_left) == (0.0, None)


def test_done_games_are_counted_whether_compiled_or_not(store: Store, samples: Any):
    commit(store, samples, range(3))
    write_entry(store, samples.set_aside(3))
    before = dataset_status(store, NOW)
    finalize(store)
    assert dataset_status(store, NOW) == before
    commit(store, samples, range(4, 6))
    write_entry(store, samples.set_aside(99, Reason.NOT_SLP))  # of a game that no plan has
    status = dataset_status(store, NOW)
    assert (status.num_committed, status.num_set_aside, status.num_pending) == (5, 2, 4)
    assert dict(status.rejects) == {"misaligned": 1, "not_slp": 1}
    assert status.num_frames == sum(100 + n for n in (0, 1, 2, 4, 5))
    assert status.num_chunks == 10


def test_a_game_tried_again_is_pending_again(store: Store, samples: Any):
    write_entry(store, samples.set_aside(3))
    finalize(store)
    withdraw(store, samples.game_id(3))
    status = dataset_status(store, NOW)
    assert (status.num_set_aside, status.num_pending) == (0, 10)


def test_the_pace_is_that_of_the_last_hour(store: Store, samples: Any):
    commit(store, samples, range(4), age_seconds=7200)
    commit(store, samples, range(4, 6), age_seconds=1800)
    commit(store, samples, range(6, 7), age_seconds=900)
    status = dataset_status(store, NOW)
    assert status.newest_entry_at == NOW - 900
    assert status.games_per_hour == pytest.approx(3 / 0.5)
    assert status.seconds_left == pytest.approx(3 / 6 * 3600)


def test_the_pace_of_a_finished_dataset_stays_that_of_its_last_hour(store: Store, samples: Any):
    day = 86_400
    commit(store, samples, range(4), age_seconds=day + 7200)
    commit(store, samples, range(4, 7), age_seconds=day + 1800)
    commit(store, samples, range(7, 10), age_seconds=day)
    then, later = (dataset_status(store, now) for now in (NOW - day, NOW))
    # Five games ended in the half hour after the first of the last hour.
    assert then.games_per_hour == later.games_per_hour == pytest.approx(5 / 0.5)
    assert later.seconds_left == 0


@pytest.mark.parametrize(("copied_after_seconds", "is_copy"), [(60, False), (20 * 60, True)])
def test_a_copy_is_known_by_entries_older_than_their_files(
    store: Store, samples: Any, copied_after_seconds: float, is_copy: bool
):
    made_at = datetime.fromtimestamp(NOW - copied_after_seconds, UTC).isoformat(timespec="seconds")
    for number, game in enumerate(planned_games(store)):
        entry = samples.committed(game)
        run = dataclasses.replace(entry.run, committed_at=made_at)
        write_entry(store, dataclasses.replace(entry, run=run))
        os.utime(f"{store.url}/{ledger_key(game.game_id)}", (NOW - number, NOW - number))
    status = dataset_status(store, NOW)
    assert status.newest_entry_at == (None if is_copy else NOW)
    assert (status.games_per_hour == 0) is is_copy


def test_one_game_alone_has_no_pace(store: Store, samples: Any):
    commit(store, samples, range(9), age_seconds=7200)
    commit(store, samples, range(9, 10))
    assert dataset_status(store, NOW).games_per_hour == 0


def set_aside(store: Store, samples: Any, number: int, at: float) -> None:
    write_entry(store, samples.set_aside(number))
    path = f"{store.url}/{ledger_key(samples.game_id(number))}"
    os.utime(path, (at, at))


def test_games_set_aside_come_newest_first_with_their_reasons(store: Store, samples: Any):
    commit(store, samples, range(3))
    for number, at in ((3, NOW - 5), (5, NOW - 1), (4, NOW - 9)):
        set_aside(store, samples, number, at)
    finalize(store)
    found = dataset_status(store, NOW).newest_set_aside
    assert [each.game_id for each in found] == [samples.game_id(number) for number in (5, 3, 4)]
    assert [each.at for each in found] == [NOW - 1, NOW - 5, NOW - 9]
    assert {(each.reason, each.detail) for each in found} == {("misaligned", samples.set_aside(3).detail)}


def test_no_more_games_set_aside_are_named_than_a_page_shows(
    store: Store, samples: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("manifests.snapshot.status.MOST_SET_ASIDE", 2)
    for number in range(4):
        set_aside(store, samples, number, NOW - number)
    status = dataset_status(store, NOW)
    assert [each.game_id for each in status.newest_set_aside] == [samples.game_id(0), samples.game_id(1)]
    assert status.num_set_aside == 4


def test_the_command_prints_it(store: Store, samples: Any):
    commit(store, samples, range(3))
    result = CliRunner().invoke(farm, ["status", store.url])
    assert result.exit_code == 0, result.output
    assert "10 games, 1,045 frames" in result.output
    plain = json.loads(CliRunner().invoke(farm, ["status", store.url, "--json"]).stdout)
    assert plain["num_committed"] == 3


def test_the_command_compiles(store: Store, samples: Any):
    commit(store, samples, range(3))
    write_entry(store, samples.set_aside(3))
    result = CliRunner().invoke(farm, ["finalize", store.url, "--no-lerobot"])
    assert result.exit_code == 0, result.output
    assert "manifest/0000 (new): 3 games, 6 chunks, 303 frames" in result.output
    assert "misaligned: 1" in result.output
    plain = json.loads(CliRunner().invoke(farm, ["finalize", store.url, "--no-lerobot", "--json"]).stdout)
    assert not plain["is_new"]


@pytest.mark.parametrize("verb", ["status", "audit", "gc"])
def test_what_is_no_dataset_is_refused_in_one_line(tmp_path: Path, verb: str, monkeypatch: Any, capsys: Any):
    from farm.cli import main  # noqa: PLC0415 - the entry that turns errors into lines

    monkeypatch.setattr("sys.argv", ["farm", verb, str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no dataset of this program" in said
