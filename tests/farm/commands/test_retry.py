"""`farm retry` takes set-aside games out of the ledger, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.errors import RecordRefused
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import done_game_ids, read_entry, write_entry
from manifests.ledger.plan import append_plan, pending_games, planned_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from tests.manifests.conftest import FRAMES_PER_CHUNK, Samples

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

SAMPLES = Samples()
COMMITTED, DIED, STALLED, MISALIGNED, LATE = range(5)
ENDED = {DIED: Reason.WORKER_DIED, STALLED: Reason.EMULATOR_STALLED, MISALIGNED: Reason.MISALIGNED}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one committed game and three set aside, all in the manifests, and one set aside since."""
    store = open_store(tmp_path / "set")
    open_or_create(store, SAMPLES.description)
    planned = append_plan(store, [SAMPLES.to_plan(n) for n in range(5)], FRAMES_PER_CHUNK)
    by_id = {game.game_id: game for game in planned}
    write_entry(store, SAMPLES.place(store, by_id[SAMPLES.game_id(COMMITTED)], tmp_path))
    for number, reason in ENDED.items():
        write_entry(store, SAMPLES.set_aside(number, reason))
    finalize(store)
    write_entry(store, SAMPLES.set_aside(LATE, Reason.WORKER_DIED))
    return store


def call(store: Store, *arguments: str) -> Any:
    return CliRunner().invoke(farm, ["retry", store.url, *arguments])


def ids(*numbers: int) -> list[str]:
    return sorted(SAMPLES.game_id(number) for number in numbers)


def pending(store: Store) -> list[str]:
    return sorted(game.game_id for game in pending_games(store))


def test_games_of_a_reason_are_pending_again_whether_compiled_or_not(store: Store):
    assert call(store, "--reason", "worker_died").exit_code == 0
    assert pending(store) == ids(DIED, LATE)


def test_the_manifests_do_not_go_on_naming_what_the_ledger_forgot(store: Store):
    call(store, "--reason", "misaligned")
    rejects = open_manifest(store).table("rejects", ["game_id"])["game_id"].to_pylist()
    assert sorted(rejects) == ids(DIED, STALLED, LATE)


def test_a_game_is_named_by_the_beginning_of_its_id(store: Store):
    assert call(store, "--game", SAMPLES.game_id(STALLED)[:10].upper()).exit_code == 0
    assert pending(store) == ids(STALLED)


def test_all_means_all_that_was_set_aside_and_never_what_is_committed(store: Store):
    assert call(store, "--all", "--force").exit_code == 0
    assert pending(store) == ids(DIED, STALLED, MISALIGNED, LATE)
    assert list(done_game_ids(store)) == ids(COMMITTED)


def test_a_committed_game_is_refused_without_force_and_nothing_is_withdrawn(store: Store):
    result = call(store, "--game", SAMPLES.game_id(COMMITTED), "--game", SAMPLES.game_id(DIED))
    assert result.exit_code == 2
    assert "is committed; to render it again all the same, add --force" in result.output
    assert pending(store) == []


def test_a_committed_game_that_is_named_is_withdrawn_with_force(store: Store):
    assert call(store, "--game", SAMPLES.game_id(COMMITTED), "--force").exit_code == 0
    assert pending(store) == ids(COMMITTED)
    assert open_manifest(store).games().num_rows == 0


def test_a_dry_run_names_the_games_and_writes_nothing(store: Store, tmp_path: Path):
    before = {path: path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()}
    result = call(store, "--reason", "worker_died", "--dry-run", "--json")
    told = json.loads(result.stdout)
    assert sorted(game["game_id"] for game in told["games"]) == ids(DIED, LATE)
    assert told["withdrawn"] is False
    assert {path: path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()} == before


def test_where_nothing_fits_it_says_so_and_exits_with_1(store: Store):
    result = call(store, "--reason", "encode_failed")
    assert result.exit_code == 1
    assert "No game of the ledger fits" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which: --reason REASON, --game ID, --misnumbered, or --all"),
        (("--game", "zzzz"), "is no game of the ledger"),
        (("--game", ""), "is no game of the ledger"),
        (("--reason", "bad_luck"), "bad_luck"),
    ],
)
def test_a_wrong_choice_fails_in_words(store: Store, arguments: tuple[str, ...], said: str):
    result = call(store, *arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_a_folder_that_is_no_dataset_fails(tmp_path: Path):
    result = CliRunner().invoke(farm, ["retry", str(tmp_path), "--all"])
    assert result.exit_code != 0
    assert "dataset" in str(result.exception or result.output)


@pytest.mark.parametrize("damaged", [b"{", b'{"content": NaN}', b'{"content": {"x": 1e999}}', b"[" * 100_000])
def test_a_damaged_entry_is_named_with_the_way_out_and_taken_out(store: Store, damaged: bytes):
    game_id = next(iter(planned_games(store))).game_id
    store.put(f"ledger/{game_id}.json", damaged)
    with pytest.raises(RecordRefused, match=rf"farm retry .* --game {game_id[:12]} --force takes it out"):
        read_entry(store, game_id)
    result = call(store, "--game", game_id[:12], "--force")
    assert result.exit_code == 0, result.output
    assert "unreadable" in result.output
    assert read_entry(store, game_id) is None
