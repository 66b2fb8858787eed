"""A job renders one replay on a real Dolphin and commits proved pairs, or sets the game aside."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from manifests.ledger.entry import Status, read_entry
from manifests.ledger.plan import GameToPlan, PlannedGame, number_games
from manifests.ledger.reasons import Reason
from manifests.state.file import read_states
from manifests.store.open import open_store
from manifests.video.mp4 import decode_luma
from manifests.video.stamp import read_stamps
from tests.workers.replay.conftest import Slp
from workers.emulator.contract import Deadlines
from workers.errors import RenderFailed
from workers.job import RenderSettings, RenderTask, render_game, set_aside
from workers.replay import read_replay

FRAMES_PER_CHUNK = 60


@pytest.fixture
def game(short_replay_bytes: bytes, tmp_path: Path) -> PlannedGame:
    return planned(short_replay_bytes, tmp_path / "replay.slp")


def planned(replay: bytes, source: Path) -> PlannedGame:
    """Write a replay of 100 frames to `source`, and plan it."""
    source.write_bytes(replay)
    game_id = read_replay(replay).game_id
    facts = GameToPlan(game_id, str(source), 100, "train", "X", ("A", "B"), (None, None))
    return number_games([facts], FRAMES_PER_CHUNK, 0)[0]


def settings(folder: Path, **changes: object) -> RenderSettings:
    return RenderSettings(
        str(folder / "dataset"), frames_per_chunk=FRAMES_PER_CHUNK, scratch_base=folder / "scratch", **changes
    )


@pytest.mark.dolphin
def test_a_replay_becomes_pairs_whose_frames_carry_their_rows_number(game: PlannedGame, tmp_path: Path):
    result = render_game(RenderTask(game), settings(tmp_path))
    assert (result.status, result.num_frames, result.num_chunks) == ("committed", 100, 2)
    root = tmp_path / "dataset"
    entry = read_entry(open_store(root), game.game_id)
    assert entry is not None
    for chunk in entry.chunks:
        rows = read_states(root / chunk.states.key).values("slp_frame")
        stamps, valid = read_stamps(np.stack([luma.copy() for luma in decode_luma(root / chunk.video.key)]))
        assert valid.all()
        np.testing.assert_array_equal(stamps, rows)
    assert not list((tmp_path / "scratch").rglob("*.mp4")), "scratch is left behind"


@pytest.mark.dolphin
def test_rendering_twice_gives_the_same_bytes(game: PlannedGame, tmp_path: Path):
    hashes = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        render_game(RenderTask(game), settings(folder))
        entry = read_entry(open_store(folder / "dataset"), game.game_id)
        assert entry is not None
        hashes.append(entry.content_sha256())
    assert hashes[0] == hashes[1]


@pytest.mark.dolphin
def test_a_game_in_the_ledger_is_not_rendered_again(game: PlannedGame, tmp_path: Path):
    render_game(RenderTask(game), settings(tmp_path))
    assert render_game(RenderTask(game), settings(tmp_path)).status == "already_done"


@pytest.mark.dolphin
def test_an_attempt_that_fails_writes_nothing_unless_it_is_the_last(game: PlannedGame, tmp_path: Path):
    hasty = settings(tmp_path, deadlines=Deadlines(startup_seconds=0.001))
    task = RenderTask(game).for_attempt(1, is_last=False)
    result = render_game(task, hasty)
    assert (result.status, result.reason) == ("attempt_failed", Reason.EMULATOR_STALLED)
    assert read_entry(open_store(tmp_path / "dataset"), game.game_id) is None
    assert render_game(task.for_attempt(2, is_last=True), hasty).status == "set_aside"


def test_a_replay_that_is_no_1v1_is_set_aside_for_good(tmp_path: Path):
    """The replay is set aside at the first attempt, since further attempts would end in the same way."""
    doubles = Slp().start(players={0: 1, 1: 2, 2: 3, 3: 4})
    for slp_frame in range(-123, -23):
        doubles.frame(slp_frame, ports=(0, 1, 2, 3))
    game = planned(doubles.end().data(), tmp_path / "doubles.slp")
    task = RenderTask(game).for_attempt(1, is_last=False)
    result = render_game(task, settings(tmp_path))
    assert (result.status, result.reason) == ("set_aside", Reason.NOT_ONE_ON_ONE)
    entry = read_entry(open_store(tmp_path / "dataset"), game.game_id)
    assert entry is not None
    assert (entry.status, entry.reason, entry.chunks) == (Status.SET_ASIDE, Reason.NOT_ONE_ON_ONE, ())
    assert render_game(task, settings(tmp_path)).status == "already_done"


def test_what_ended_a_game_elsewhere_is_written_down_with_its_reason(game: PlannedGame, tmp_path: Path):
    """The farm itself sets a game aside when its worker died while rendering it."""
    result = set_aside(RenderTask(game), settings(tmp_path), RenderFailed(Reason.EMULATOR_EXIT, "it broke"))
    assert result.status == "set_aside"
    entry = read_entry(open_store(tmp_path / "dataset"), game.game_id)
    assert entry is not None
    assert (entry.status, entry.reason, entry.detail) == (Status.SET_ASIDE, Reason.EMULATOR_EXIT, "it broke")


def test_a_source_that_is_gone_is_tried_elsewhere_and_then_set_aside_without_its_full_path(
    game: PlannedGame, tmp_path: Path
):
    Path(game.source).unlink()
    planned = dataclasses.replace(game, source="hidden:0123/4567")
    task = RenderTask(planned, place=game.source)
    failed = render_game(task.for_attempt(1, is_last=False), settings(tmp_path))
    assert (failed.status, failed.reason) == ("attempt_failed", Reason.SOURCE_MISSING)
    store = open_store(tmp_path / "dataset")
    assert read_entry(store, game.game_id) is None
    assert render_game(task.for_attempt(3, is_last=True), settings(tmp_path)).status == "set_aside"
    entry = read_entry(store, game.game_id)
    assert entry is not None
    assert entry.reason is Reason.SOURCE_MISSING
    assert entry.detail.startswith("hidden:0123/4567: No such file or directory; put it back, or plan anew")


def test_a_source_that_holds_another_game_now_is_set_aside(
    game: PlannedGame, tmp_path: Path, other_replay_bytes: bytes
):
    Path(game.source).write_bytes(other_replay_bytes)
    result = render_game(RenderTask(game), settings(tmp_path))
    assert (result.status, result.reason) == ("set_aside", Reason.SOURCE_CHANGED)
    assert "not the bytes that were planned" in result.detail
