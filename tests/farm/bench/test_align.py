"""The alignment bench puts faults into notes instead of pictures; the notes are the same as by pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from farm.bench._observed import ObservedGame, load, observe, save
from farm.bench._trials import VERDICT, try_game
from tests.workers.faulty_stream import inject
from tests.workers.painted import played
from workers.align.collector import EvidenceCollector
from workers.align.faults import Fault, FaultKind, schedule
from workers.align.game_notes import Expectations
from workers.emulator.contract import Picture
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from manifests.state.table import StateTable
    from workers.emulator.contract import LogLine

NUM_FRAMES: Final = 60
FAULTS: Final = [
    Fault(FaultKind.DROP, 20, 3),
    Fault(FaultKind.REPEAT, 20, 2),
    Fault(FaultKind.SWAP, 20),
    Fault(FaultKind.FREEZE, 20, 6),
    Fault(FaultKind.SHIFT, 0, 4),
    Fault(FaultKind.SHIFT, 0, -4),
    Fault(FaultKind.SLOW, 20, 5),
    Fault(FaultKind.SLIP, 20, 5),
    Fault(FaultKind.DESYNC, 20),
]


def a_state(seed: int) -> StateTable:
    return state_table(read_replay(record_match(seed, num_frames=NUM_FRAMES)))


def events(state: StateTable, *, backwards: bool) -> Iterator[Picture | LogLine]:
    """A stream of painted pictures; with `backwards` it is mirrored, so that two games differ."""
    for event in played(range(-123, -123 + NUM_FRAMES), state=state):
        if isinstance(event, Picture) and backwards:
            yuv = event.yuv.copy()
            yuv[:464] = yuv[:464, ::-1]
            yield Picture(event.capture_index, yuv)
        else:
            yield event


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> list[ObservedGame]:
    states = [a_state(1), a_state(2)]
    return [
        observe(
            f"game {number}",
            state,
            events(state, backwards=number == 1),
            EvidenceCollector(),
            tmp_path_factory.mktemp(f"game{number}"),
        )
        for number, state in enumerate(states)
    ]


def saying(events: Iterable[Picture | LogLine]) -> Iterator[Picture | LogLine]:
    """The stream of an emulator that says which frame each picture shows."""
    for event in events:
        is_picture = isinstance(event, Picture)
        yield replace(event, slp_frame_asked=event.capture_index - 123) if is_picture else event


@pytest.fixture(scope="module")
def saying_games(games: list[ObservedGame]) -> list[ObservedGame]:
    asked = np.arange(games[0].num_pictures) - 123
    return [replace(game, notes=replace(game.notes, slp_frame_asked=asked)) for game in games]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_takes_the_frames_that_pictures_say_along(fault: Fault, saying_games: list[ObservedGame]):
    game, other = saying_games
    in_notes = game.with_fault(schedule(fault, game.num_pictures), other)
    collector = EvidenceCollector()
    stream = saying(events(game.state, backwards=False))
    others = saying(events(other.state, backwards=True))
    for event in inject(stream, fault, game.num_pictures, others):
        if isinstance(event, Picture):
            collector.picture(event)
    expected = collector.notes().slp_frame_asked
    assert expected is not None
    assert np.array_equal(in_notes.slp_frame_asked, expected)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_put_into_the_notes_is_the_fault_put_into_the_stream(fault: Fault, games: list[ObservedGame]):
    game, other = games
    in_notes = game.with_fault(schedule(fault, game.num_pictures), other)
    collector = EvidenceCollector()
    stream = events(game.state, backwards=False)
    others = events(other.state, backwards=True)
    for event in inject(stream, fault, game.num_pictures, others):
        if isinstance(event, Picture):
            collector.picture(event)
        else:
            collector.log(event)
    in_pictures = collector.notes()
    for name in ("stamp_levels", "repeats_previous", "lines"):
        assert np.array_equal(getattr(in_notes, name), getattr(in_pictures, name)), name
    for name in ("right", "down", "strength", "onward"):
        assert np.array_equal(getattr(in_notes.flow, name), getattr(in_pictures.flow, name)), name


def test_an_observed_game_is_read_back_as_it_was_kept(games: list[ObservedGame], tmp_path: Path):
    save(games[0], tmp_path / "game.npz")
    again = load("game 0", games[0].state, tmp_path / "game.npz")
    assert np.array_equal(again.notes.stamp_levels, games[0].notes.stamp_levels)
    assert again.disturbed.keys() == games[0].disturbed.keys()
    assert np.array_equal(again.thumbnails, games[0].thumbnails)
    assert again.notes.slp_frame_asked is None


def test_the_frames_that_pictures_say_are_kept(saying_games: list[ObservedGame], tmp_path: Path):
    save(saying_games[0], tmp_path / "game.npz")
    again = load("game 0", saying_games[0].state, tmp_path / "game.npz")
    assert np.array_equal(again.notes.slp_frame_asked, saying_games[0].notes.slp_frame_asked)


@pytest.mark.slow
def test_every_fault_is_caught_and_the_clean_game_is_not(games: list[ObservedGame]):
    found = try_game(games[0], games[1], Expectations(), 3, seed=4).faults
    answers = {
        (trial.fault.partition(" for ")[0], trial.answer) for trial in found if trial.observer == VERDICT
    }
    assert answers == {("clean", "agrees"), ("clean chunk", "agrees")} | {
        (kind.value, "disagrees") for kind in FaultKind
    }
