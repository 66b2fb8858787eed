"""Events in states made by hand, rules that hold for any state, and the number of events in real games."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.labels.events import EVENT_DOCS, EventColumns, EventKind, game_events
from manifests.state.table import StateTable
from tests.manifests.small_dataset import one_state
from workers.replay import read_replay
from workers.replay.renderable import renderable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIRST = -123
QUIET = {
    "present": True, "character": 2, "action": 14, "percent": 0.0, "stocks": 4, "l_cancel": 0,
    "last_hit_by": 6,
}  # fmt: skip


def quiet(num_frames: int, **changes: list[Any]) -> StateTable:
    """Frames in which two players stand still, except for columns given in full, as p0_percent=[...]."""
    table = one_state().slice(0, num_frames)
    columns = dict(table.columns)
    for player in ("p0", "p1"):
        for name, value in QUIET.items():
            columns[f"{player}.{name}"] = np.full_like(columns[f"{player}.{name}"], value)
    for follower in ("p0n", "p1n"):
        columns[f"{follower}.present"] = np.zeros(num_frames, bool)
    columns["n_written"] = np.ones_like(columns["n_written"])
    for name, values in changes.items():
        full = name.replace("_", ".", 1) if name[0] == "p" else name
        columns[full] = np.array(values, columns[full].dtype)
    return dataclasses.replace(table, columns=columns, ports=(0, 2))


def rows(events: Mapping[str, EventColumns]) -> list[tuple[Any, ...]]:
    return [
        (kind, frame, fighter, *(column[k] for column in (of.other, of.value) if column))
        for kind, of in events.items()
        for k, (frame, fighter) in enumerate(zip(of.slp_frame, of.fighter, strict=True))
    ]


def test_nothing_happens_while_both_stand_still():
    assert game_events(quiet(5)) == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"p1_percent": [1, 1, 4.27, 4.27], "p1_last_hit_by": [6, 6, 0, 0]}, ("hit", FIRST + 2, 2, 0, 3.27)),
        ({"p0_percent": [0, 9, 9, 9], "p0_last_hit_by": [6, 2, 2, 2]}, ("hit", FIRST + 1, 0, 1, 9.0)),
        ({"p0_percent": [0, 9, 9, 9]}, ("hit", FIRST + 1, 0, -1, 9.0)),
        ({"p1_stocks": [4, 4, 4, 3], "p1_last_hit_by": [0] * 4}, ("death", FIRST + 3, 2, 0, 3.0)),
        ({"p0_action": [0, 0, 12, 13]}, ("respawn", FIRST + 2, 0, 4.0)),
        ({"p0_action": [29, 252, 253, 253]}, ("ledge", FIRST + 1, 0)),
        ({"p0_action": [178, 205, 206, 206]}, ("shield_break", FIRST + 1, 0)),
        ({"p0_action": [216, 219, 219, 14], "p1_action": [227, 239, 239, 239]},
         ("throw", FIRST + 1, 0, 1, 219.0)),
        ({"p1_action": [216, 222, 222, 14]}, ("throw", FIRST + 1, 2, -1, 222.0)),
        ({"p1_l_cancel": [0, 1, 0, 0]}, ("l_cancel", FIRST + 1, 2)),
        ({"p1_l_cancel": [0, 0, 2, 0]}, ("missed_l_cancel", FIRST + 2, 2)),
        ({"p0_action": [88, 199, 199, 14]}, ("tech", FIRST + 1, 0, 199.0)),
        ({"p0_action": [88, 183, 184, 186]}, ("missed_tech", FIRST + 1, 0, 183.0)),
        ({"n_written": [1, 2, 3, 1]}, ("rollback", FIRST + 1, -1, 2.0)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_change_is_one_event(changes: dict[str, list[Any]], expected: tuple[Any, ...]):
    assert rows(game_events(quiet(4, **changes))) == [expected]


def test_what_the_first_row_has_did_not_begin_there():
    table = quiet(
        3, p0_action=[252] * 3, p1_action=[199] * 3, p1_l_cancel=[1, 0, 0], n_written=[2, 2, 1],
        p1_stocks=[1] * 3,
    )  # fmt: skip
    assert game_events(table) == {}


def test_percent_that_falls_with_a_stock_is_no_hit():
    events = game_events(quiet(3, p0_percent=[90, 90, 0], p0_stocks=[4, 4, 3]))
    assert list(events) == ["death"]


def test_what_was_not_recorded_did_not_happen():
    table = quiet(4, p0_stocks=[4, 4, 0, 0], p1_percent=[0, 0, 9, 9])
    unknown = np.array([True, True, False, False])
    masks = {**table.masks, "p0.stocks": unknown, "p1.percent": unknown}
    assert game_events(dataclasses.replace(table, masks=masks)) == {}


def test_a_follower_dies_without_a_stock_and_its_coming_is_no_hit():
    table = quiet(4, p0n_present=[True] * 4, p0n_action=[14, 14, 0, 0], p0n_stocks=[4] * 4)
    assert rows(game_events(table)) == [("death", FIRST + 2, 1, -1, 4.0)]
    table = quiet(4, p0n_present=[False, True, True, True], p0n_action=[14] * 4, p0n_percent=[0, 30, 30, 30])
    assert game_events(table) == {}


def test_two_things_at_once_are_two_events_in_the_order_of_fighters():
    events = game_events(quiet(3, p0_percent=[0, 5, 5], p1_percent=[0, 6, 9]))
    assert (events["hit"].slp_frame, events["hit"].fighter) == ((-122, -122, -121), (0, 2, 2))


@pytest.mark.slow
@given(start=st.integers(0, 150), length=st.integers(2, 50))
def test_the_events_of_a_part_are_those_of_the_game_in_its_frames(start: int, length: int):
    whole, part = one_state(), one_state().slice(start, start + length)

    def within(events: Mapping[str, EventColumns]) -> set[tuple[Any, ...]]:
        frames = range(part.first_slp_frame + 1, part.exclusive_end_slp_frame)
        return {row for row in rows(events) if row[1] in frames and row[0] != "rollback"}

    assert within(game_events(part)) == within(game_events(whole))


@pytest.mark.slow
@given(stocks=st.lists(st.integers(0, 4), min_size=2, max_size=20), seed=st.integers(0, 99))
def test_hits_and_deaths_add_up_to_what_was_gained_and_lost(stocks: list[int], seed: int):
    percent = np.random.default_rng(seed).choice([0, 3, 3, 12.5, 40], len(stocks)).astype(np.float32)
    falling = sorted(stocks, reverse=True)
    events = game_events(quiet(len(stocks), p0_percent=percent.tolist(), p0_stocks=falling))
    none = EventColumns((), (), (), ())
    change = np.diff(percent)
    assert sum(events.get("hit", none).value) == pytest.approx(change[change > 0].sum())
    assert [int(left) for left in events.get("death", none).value] == sorted(
        set(falling) - {falling[0]}, reverse=True
    )


def test_every_kind_says_what_it_means():
    assert list(EVENT_DOCS) == list(EventKind)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (((1, 2), (0,), (), ()), "one length"),
        (((1,), (0,), (0, 0), ()), "one length"),
        (((1,), (0,), (), (1.0, 2.0)), "one length"),
        (((2, 1), (0, 0), (), ()), "in order"),
    ],
)
def test_columns_that_do_not_fit_each_other_are_refused(columns: Any, said: str):
    with pytest.raises(ValueError, match=said):
        EventColumns(*columns)


REAL = {
    # Deaths, L-cancels, throws, techs and rollbacks were counted by a separate script; hits are pinned.
    "Whispy.slp": {"death": 6, "l_cancel": 43, "missed_l_cancel": 6, "throw": 4, "tech": 2, "respawn": 5},
    "rollbackFrameTest.slp": {"death": 5, "rollback": 1159, "throw": 10, "tech": 8},
    "sheik_vs_ics_yoshis.slp": {"death": 6, "throw": 1},  # two of these are Nana's
    "v3.16.slp": {"hit": 6, "throw": 1, "l_cancel": 2, "missed_l_cancel": 1, "rollback": 3, "missed_tech": 1},
    "ntsc.slp": {},
}


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_games_have_as_many_events_as_were_counted(real_replays: Path, name: str):
    table = renderable(read_replay((real_replays / name).read_bytes()))
    events = game_events(table)
    found = {kind: len(of.slp_frame) for kind, of in events.items()}
    assert {kind: found[kind] for kind in REAL[name]} == REAL[name]
    died = Counter(events["death"].fighter) if "death" in events else Counter()
    for player, place in (("p0", 0), ("p1", 2)):
        stocks = table.values(f"{player}.stocks")
        assert died[place] == int(stocks[0]) - int(stocks[-1])
