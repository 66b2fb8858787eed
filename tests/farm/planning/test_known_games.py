"""A game is planned once, over several scans; the longer recording is taken while none is committed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.planning.catalogue import Catalogue, Selection, build_catalogue
from farm.planning.dataset_plan import write_plan
from farm.planning.known_games import against_plan
from farm.planning.scanned_replay import LeftOut
from manifests.errors import RecordRefused
from manifests.ledger.entry import Status, read_entry
from manifests.ledger.plan import PlannedGame, pending_games, planned_games
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from tests.conftest import SHARED
from tests.manifests.conftest import Samples
from workers.replay import Entity, read_replay
from workers.replay.play import Difference
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.ledger.plan import GameToPlan

SAMPLES = Samples()
OLD = time.time() - 3600


def to_plan(number: int, num_frames: int = 200, **keys: str | None) -> GameToPlan:
    return dataclasses.replace(SAMPLES.to_plan(number, num_frames), **keys)


def as_planned(game: GameToPlan) -> PlannedGame:
    fields = {field.name: getattr(game, field.name) for field in dataclasses.fields(game)}
    return PlannedGame(**fields, num_chunks=1, first_file_number=0)


def status(found: Status | None) -> Callable[[str], Status | None]:
    return lambda _game_id: found


def test_a_recording_of_a_planned_game_is_left_out_and_names_the_other_file():
    first, second = to_plan(1, play_key="same"), to_plan(2, play_key="same")
    catalogue, outgrown = against_plan(Catalogue((second,), ()), [as_planned(first)], status(None))
    assert (catalogue.games, outgrown) == ((), ())
    (left,) = catalogue.left_out
    assert (left.game_id, left.reason) == (second.game_id, Reason.DUPLICATE)
    assert first.source in left.detail


@pytest.mark.parametrize("ended", [None, Status.SET_ASIDE])
def test_a_longer_recording_takes_the_place_of_one_that_is_not_committed(ended: Status | None):
    short, long = to_plan(1, 200, match_key="same"), to_plan(2, 300, match_key="same")
    catalogue, (old,) = against_plan(Catalogue((long,), ()), [as_planned(short)], status(ended))
    assert catalogue.games == (long,)
    assert (old.game.game_id, old.reason, old.successor) == (short.game_id, Reason.DUPLICATE, long.game_id)


def test_a_committed_game_stays_however_long_another_recording_is():
    short, long = to_plan(1, 200, play_key="same"), to_plan(2, 300, play_key="same")
    catalogue, outgrown = against_plan(Catalogue((long,), ()), [as_planned(short)], status(Status.COMMITTED))
    assert (catalogue.games, outgrown) == ((), ())


def test_games_without_keys_are_never_taken_for_one():
    catalogue, outgrown = against_plan(Catalogue((to_plan(2),), ()), [as_planned(to_plan(1))], status(None))
    assert (len(catalogue.games), outgrown) == (1, ())


def test_a_file_that_holds_another_game_now_ends_the_planned_one():
    before = as_planned(to_plan(1, play_key="one"))
    now = dataclasses.replace(to_plan(2, play_key="two"), source=before.source)
    catalogue, (old,) = against_plan(Catalogue((now,), ()), [before], status(None))
    assert catalogue.games == (now,)
    assert (old.game, old.reason, old.successor) == (before, Reason.SOURCE_CHANGED, None)


def test_a_file_that_was_renamed_ends_nothing():
    before = as_planned(to_plan(1))
    swapped = (dataclasses.replace(to_plan(2), source=before.source), to_plan(1))
    _, outgrown = against_plan(Catalogue(swapped, ()), [before], status(None))
    assert outgrown == ()


def test_a_file_that_cannot_be_read_any_more_ends_the_game_that_was_planned_of_it():
    before = as_planned(to_plan(1))
    left = LeftOut(before.source, SAMPLES.game_id(9), Reason.UNREADABLE, "damaged")
    _, (old,) = against_plan(Catalogue((), (left,)), [before], status(None))
    assert old.reason is Reason.SOURCE_CHANGED


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*arguments: str | Path) -> dict[str, Any]:
        words = [word for argument in arguments for word in ("--replays", str(argument))]
        result = CliRunner().invoke(
            farm, ["plan", "--emulator", "standin", *words, "--out", str(tmp_path / "set"), "--json"]
        )
        assert result.exit_code in (0, 1, 2), result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return call


def aged(path: Path, data: bytes) -> Path:
    """A file whose writer has finished long ago."""
    path.write_bytes(data)
    os.utime(path, (OLD, OLD))
    return path


def cut(replay: bytes, share: float) -> bytes:
    """The replay as it was on disk during its game: without length, end and metadata."""
    return replay[:11] + bytes(4) + replay[15 : int(len(replay) * share)]


def test_a_file_that_grew_is_planned_whole_and_its_beginning_does_not_stay_pending(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    whole = record_match(3, num_frames=600)
    file = aged(tmp_path / "game.slp", cut(whole, 0.6))
    assert plan(file)["new"] == 1
    aged(file, whole)
    assert plan(file)["new"] == 1
    store = open_store(tmp_path / "set")
    (pending,) = pending_games(store)
    assert pending.num_frames == 600
    (begun,) = [game for game in planned_games(store) if game.num_frames < 600]
    entry = read_entry(store, begun.game_id)
    assert entry is not None
    assert (entry.status, entry.reason) == (Status.SET_ASIDE, Reason.DUPLICATE)


@pytest.mark.slow
def test_a_recording_that_goes_on_is_left_out_until_it_is_over(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    whole = record_match(3, num_frames=600)
    (tmp_path / "game.slp").write_bytes(cut(whole, 0.6))
    assert plan(tmp_path / "game.slp")["left_out"] == {"still_recorded": 1}
    assert plan(aged(tmp_path / "game.slp", whole))["games"] == 1


def test_two_recordings_in_two_scans_are_one_game(tmp_path: Path, plan: Callable[..., dict[str, Any]]):
    replay = record_match(3, num_frames=600)
    assert plan(aged(tmp_path / "a.slp", replay))["new"] == 1
    # The other player's file is from another console, so it has other metadata.
    other = replay.replace(b"dolphin-farm", b"dolphin-FARM") if b"dolphin-farm" in replay else replay + b" "
    told = plan(aged(tmp_path / "b.slp", other))
    assert (told["new"], told["left_out"]) == (0, {"duplicate": 1})


@pytest.mark.shared
def test_one_game_twice_of_real_recorders_is_planned_once(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    folder = SHARED / "cases" / "one_game_twice"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    assert plan(folder / "a_first_player.slp")["new"] == 1
    assert plan(folder / "b_second_player.slp")["new"] == 0


def test_a_path_that_names_a_player_is_in_no_plan_unless_asked_for(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    plan(aged(tmp_path / "NAME#123.slp", record_match(3, num_frames=140)))
    (game,) = planned_games(open_store(tmp_path / "set"))
    assert game.source.startswith("hidden:")
    assert all(
        b"NAME#123" not in path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file()
    )


def test_a_game_whose_bytes_are_back_is_pending_again(tmp_path: Path, plan: Callable[..., dict[str, Any]]):
    whole = record_match(3, num_frames=600)
    file = aged(tmp_path / "game.slp", whole)
    plan(file)
    aged(file, record_match(4, num_frames=300))
    plan(file)
    store = open_store(tmp_path / "set")
    assert [game.num_frames for game in pending_games(store)] == [300]
    aged(file, whole)
    plan(file)
    assert 600 in [game.num_frames for game in pending_games(store)]


def test_a_planned_game_is_told_with_the_split_that_it_has(tmp_path: Path):
    before = dataclasses.replace(as_planned(to_plan(1)), split="test", player_hashes=("x", "y"))
    catalogue, _ = against_plan(Catalogue((to_plan(1),), ()), [before], status(None))
    assert [(game.split, game.player_hashes) for game in catalogue.games] == [("test", ("x", "y"))]


def test_a_planned_game_is_kept_though_its_scan_preferred_another_recording_of_it():
    before = as_planned(to_plan(1, play_key="same"))
    other = to_plan(2, play_key="same")
    seen = LeftOut(before.source, before.game_id, Reason.DUPLICATE, "another replay has this game")
    catalogue, outgrown = against_plan(Catalogue((other,), (seen,)), [before], status(None))
    assert [game.game_id for game in catalogue.games] == [before.game_id]
    assert [left.game_id for left in catalogue.left_out] == [other.game_id]
    assert outgrown == ()


def test_a_second_recording_beside_the_planned_one_leaves_that_pending_and_found(tmp_path: Path):
    replay = record_match(3, num_frames=600)
    # The bytes after the game differ, so that the second id sorts first: a scan of both would keep that file.
    ids = {n: hashlib.sha256(replay + bytes(n)).hexdigest() for n in range(40)}
    late, early = max(ids, key=ids.__getitem__), min(ids, key=ids.__getitem__)
    first = aged(tmp_path / "a.slp", replay + bytes(late))
    second = aged(tmp_path / "b.slp", replay + bytes(early))
    before = build_catalogue([str(first)], Selection(), b"k" * 32, num_workers=0)
    both = build_catalogue([str(first), str(second)], Selection(), b"k" * 32, num_workers=0)
    assert [game.game_id for game in both.games] == [ids[early]]
    known, _ = against_plan(both, [as_planned(game) for game in before.games], status(None))
    assert [game.game_id for game in known.games] == [ids[late]]
    assert known.places[ids[late]] == str(first)


DIFFERENCE = Difference(7, "p0.x", "1.0", "2.0")


@pytest.mark.parametrize("num_frames", [100, 200, 300])
def test_a_recording_that_disagrees_with_the_planned_one_ends_both(num_frames: int):
    first, second = to_plan(1, 200, play_key="same"), to_plan(2, num_frames, play_key="same")
    planned = [as_planned(first)]
    catalogue, (old,) = against_plan(
        Catalogue((second,), ()), planned, status(None), lambda _new, _old: DIFFERENCE
    )
    assert catalogue.games == ()
    assert [left.reason for left in catalogue.left_out] == [Reason.DESYNC]
    assert (old.game.game_id, old.reason, old.successor) == (first.game_id, Reason.DESYNC, None)
    assert "frame 7 on, first in p0.x" in old.detail


def test_a_committed_game_stays_and_the_recording_that_disagrees_is_left_out():
    first, second = to_plan(1, play_key="same"), to_plan(2, play_key="same")
    catalogue, outgrown = against_plan(
        Catalogue((second,), ()), [as_planned(first)], status(Status.COMMITTED), lambda _new, _old: DIFFERENCE
    )
    assert (catalogue.games, outgrown) == ((), ())
    assert [left.reason for left in catalogue.left_out] == [Reason.DESYNC]


def test_a_corrupt_recording_that_comes_later_sets_the_planned_one_aside(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    whole = record_match(3, num_frames=400)
    first = aged(tmp_path / "a.slp", whole)
    assert plan(first)["new"] == 1
    place = int(read_replay(whole).frames.post[Entity(0, is_follower=False)][300]) + 0x16
    second = aged(tmp_path / "b.slp", whole[:place] + struct.pack(">f", 321.0) + whole[place + 4 :])
    assert plan(second)["left_out"] == {"desync": 1}
    store = open_store(tmp_path / "set")
    assert list(pending_games(store)) == []
    for path in (first, second):
        entry = read_entry(store, hashlib.sha256(path.read_bytes()).hexdigest())
        assert entry is not None
        assert (entry.status, entry.reason) == (Status.SET_ASIDE, Reason.DESYNC)


def test_a_planned_game_stays_though_its_players_are_found_to_be_in_several_splits():
    before = as_planned(to_plan(1))
    left = LeftOut(before.source, before.game_id, Reason.ACROSS_SPLITS, "its players are in different splits")
    other = LeftOut("x.slp", "f" * 64, Reason.ACROSS_SPLITS, "its players are in different splits")
    catalogue, outgrown = against_plan(Catalogue((), (left, other)), [before], status(None))
    assert [(game.game_id, game.split) for game in catalogue.games] == [(before.game_id, before.split)]
    assert catalogue.left_out == (other,)
    assert outgrown == ()


def test_a_damaged_entry_is_told_of_before_anything_is_rendered(
    tmp_path: Path, plan: Callable[..., dict[str, Any]]
):
    plan(aged(tmp_path / "a.slp", record_match(3, num_frames=400)))
    open_store(tmp_path / "set").put(f"ledger/{'0' * 64}.json", b'{"content"')
    (tmp_path / "b.slp").write_bytes(record_match(4, num_frames=400))
    catalogue = build_catalogue([str(tmp_path / "b.slp")], Selection(), b"k" * 32, num_workers=0)
    with pytest.raises(RecordRefused, match=r"not JSON.*farm retry .* --game 000000000000 --force"):
        write_plan(open_store(tmp_path / "set"), catalogue, 3600)
