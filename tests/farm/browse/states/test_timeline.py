"""The timeline of a game has its rolled-back stretches and lost stocks, across chunks."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from farm.browse.states.timeline import stretches, timeline, told_events
from manifests.errors import DatasetError
from manifests.labels.events import EventColumns
from manifests.state.file import states_bytes
from tests.manifests.small_dataset import one_state

if TYPE_CHECKING:
    from manifests.state.table import StateTable

FIRST = -123


class Game:
    """A store and a ledger entry over chunks of one game whose columns a test sets."""

    def __init__(self, *lengths: int, **columns: list[int]) -> None:
        num_frames = sum(lengths)
        state = one_state().slice(0, num_frames)
        quiet = {"n_written": [1] * num_frames, "p0_stocks": [4] * num_frames, "p1_stocks": [4] * num_frames}
        named = {name.replace("_stocks", ".stocks"): values for name, values in (quiet | columns).items()}
        new = {name: np.array(values, state.values(name).dtype) for name, values in named.items()}
        self.state = dataclasses.replace(state, columns={**state.columns, **new})
        self.lengths = lengths

    def unrecorded(self, name: str, rows: slice) -> Game:
        mask = self.state.valid(name).copy()
        mask[rows] = False
        self.state = dataclasses.replace(self.state, masks={**self.state.masks, name: mask})
        return self

    def told(self) -> dict[str, Any]:
        files: dict[str, bytes] = {}
        start = 0
        for number, length in enumerate(self.lengths):
            files[f"states-{number}"] = states_bytes(self.chunk(start, start + length))
            start += length
        chunks = [SimpleNamespace(states=SimpleNamespace(key=key)) for key in files]
        return timeline(SimpleNamespace(get=files.__getitem__), SimpleNamespace(chunks=chunks))  # type: ignore[arg-type]

    def chunk(self, start: int, exclusive_end: int) -> StateTable:
        return self.state.slice(start, exclusive_end)


def test_a_quiet_game_has_nothing_to_tell():
    assert Game(6).told() == {"rolled_back": [], "stocks_lost": [], "events": []}


def test_events_are_told_across_chunks_with_names_and_without_rollbacks():
    game = Game(3, 3, p0_stocks=[4, 4, 4, 3, 3, 3], n_written=[1, 2, 1, 1, 1, 1])
    assert game.told()["events"] == [[FIRST + 3, "death", "p0", None, 3.0]]


def test_an_event_has_its_other_player_and_its_value_or_null():
    events = {
        "throw": EventColumns((9,), (0,), (1,), (219.0,)),
        "hit": EventColumns((7, 9), (2, 1), (0, -1), (3.5, 1.0)),
        "ledge": EventColumns((8,), (3,), (), ()),
        "rollback": EventColumns((7,), (-1,), (), (2.0,)),
    }
    assert told_events(events, ("p0", "p0n", "p1", "p1n")) == [
        [7, "hit", "p1", 0, 3.5],
        [8, "ledge", "p1n", None, None],
        [9, "hit", "p0n", None, 1.0],
        [9, "throw", "p0", 1, 219.0],
    ]


def test_a_stock_is_lost_at_the_frame_that_first_shows_one_less():
    game = Game(6, p0_stocks=[4, 4, 3, 3, 3, 2])
    assert game.told()["stocks_lost"] == [[FIRST + 2, 0], [FIRST + 5, 0]]


def test_stocks_of_both_players_are_told_in_order_of_time():
    game = Game(6, p0_stocks=[4, 4, 4, 4, 3, 3], p1_stocks=[4, 3, 3, 3, 2, 2])
    assert game.told()["stocks_lost"] == [[FIRST + 1, 1], [FIRST + 4, 0], [FIRST + 4, 1]]


def test_a_stock_lost_between_two_chunks_is_not_missed():
    assert Game(3, 3, p0_stocks=[4, 4, 4, 3, 3, 3]).told()["stocks_lost"] == [[FIRST + 3, 0]]


def test_a_stock_that_is_given_is_not_lost():
    assert Game(4, p0_stocks=[1, 1, 2, 2]).told()["stocks_lost"] == []


def test_what_was_not_recorded_is_not_a_loss():
    game = Game(6, p0_stocks=[4, 4, 0, 0, 4, 4]).unrecorded("p0.stocks", slice(2, 4))
    assert game.told()["stocks_lost"] == []


def test_a_stretch_that_was_rolled_back_goes_on_over_the_end_of_a_chunk():
    assert Game(3, 3, n_written=[1, 1, 3, 2, 1, 2]).told()["rolled_back"] == [
        [FIRST + 2, 2, 3],
        [FIRST + 5, 1, 2],
    ]


def test_a_states_file_that_is_none_fails():
    chunk = SimpleNamespace(states=SimpleNamespace(key="states-0"))
    store = SimpleNamespace(get=lambda _key: b"no parquet")
    with pytest.raises(DatasetError):
        timeline(store, SimpleNamespace(chunks=[chunk]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([1, 1], []),
        ([2, 2], [[10, 2, 2]]),
        ([2, 1, 5], [[10, 1, 2], [12, 1, 5]]),
    ],
)
def test_a_stretch_has_its_first_frame_its_length_and_its_most(written: list[int], told: list[list[int]]):
    assert stretches(np.array(written), np.arange(10, 10 + len(written))) == told
