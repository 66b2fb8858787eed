"""A replay's events become columns of state, null where a version lacks a field, stage values carried on."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from manifests.state import schema
from manifests.state.derived import derive
from manifests.state.file import read_states, states_bytes
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.events import Event
from workers.replay.state import state_table


def table_of(one: Any, **options: Any):
    return state_table(read_replay(one.data()), **options)


RECORDED = [
    (group, column)
    for group, columns in (("post", schema.POST_COLUMNS), ("pre", schema.PRE_COLUMNS))
    for column in columns
    if column.source is not None and column.name != "facing"
]


@pytest.mark.parametrize(("event", "column"), RECORDED, ids=lambda value: getattr(value, "name", value))
def test_a_column_is_read_from_its_place(slp: Any, event: str, column: Any):
    source = column.source
    one = slp().start()
    patterns = []
    for slp_frame in range(-123, -113):
        pattern = bytes((slp_frame + 124 + k) % 128 for k in range(np.dtype(source.wire).itemsize))
        patterns.append(pattern)
        field = {"field": (source.offset, f"{len(pattern)}s", pattern)}
        one.open(slp_frame).pre(slp_frame, 1, **(field if event == "pre" else {}))
        one.post(slp_frame, 1, **(field if event == "post" else {})).close(slp_frame)
    table = table_of(one.end())
    expected = np.frombuffer(b"".join(patterns), source.wire).astype(column.dtype)
    assert np.array_equal(table.values(f"p0.{column.name}"), expected)
    assert table.valid(f"p0.{column.name}").all()


LATER = [(event, column) for event, column in RECORDED if column.since is not None]


@pytest.mark.parametrize(("event", "column"), LATER, ids=lambda value: getattr(value, "name", value))
def test_a_column_beyond_its_event_is_null_not_zero(slp: Any, event: str, column: Any):
    requires = column.source.requires_bytes
    name = f"p0.{column.name}"
    assert table_of(slp(**{event.upper(): requires}).start().frame(-123)).valid(name).all()
    shorter = table_of(slp(**{event.upper(): requires - 1}).start().frame(-123))
    assert not shorter.valid(name).any()
    assert not shorter.values(name).any()


def test_facing_is_a_side(slp: Any):
    one = slp().start()
    for slp_frame, facing in enumerate([1.0, -1.0, 0.0, 0.5, float("nan")], start=-123):
        one.open(slp_frame).pre(slp_frame).post(slp_frame, facing=(0x12, ">f", facing)).close(slp_frame)
    assert table_of(one.end()).values("p0.facing").tolist() == [1, -1, 0, 1, 0]


def test_frame_columns(slp: Any):
    table = table_of(slp().start().frames(-123, -120).end())
    assert table.values("rng_seed").tolist() == [(-123 + k) & 0xFFFF for k in range(3)]
    assert table.valid("scene_frame").all()
    assert not table_of(slp(FRAME_START=0x9).start().frame(-123)).valid("scene_frame").any()
    assert not table_of(slp(FRAME_START=0).start().frame(-123)).valid("rng_seed").any()


def test_a_frame_written_more_often_than_a_byte_counts(slp: Any):
    one = slp().start()
    for _ in range(300):
        one.frame(-123, finalized=-124)
    one.frame(-122, finalized=-122)
    assert table_of(one.end()).values("n_written").tolist() == [255, 1]


def test_the_same_replay_has_the_same_hash_whoever_reads_it(slp: Any):
    one = slp().start().frames(-123, -60).end()
    assert table_of(one).sha256 == table_of(one).sha256
    longer = table_of(slp().start().frames(-123, -59).end())
    assert longer.sha256 != table_of(one).sha256
    assert longer.slice(0, 63).sha256 == table_of(one).sha256


def test_items_below_version_three_are_unknown(slp: Any):
    assert not table_of(slp(ITEM=0).start().frame(-123)).items.valid
    items = table_of(slp(ITEM=0x2A).start().frame(-123)).items
    assert items.valid
    assert items.is_recorded("misc4")
    assert not items.is_recorded("owner")


FOD, YOSHIS, STADIUM, DREAM_LAND = 2, 8, 3, 28


def platform(one: Any, side: int, height: float):
    return one.add(Event.FOD_PLATFORM, frame=(1, ">i", -123), side=(5, "B", side), height=(6, ">f", height))


def test_fountain_platforms_start_where_the_game_starts_them_and_go_on(slp: Any):
    one = slp().start(stage=FOD).frame(-123)
    platform(one.open(-122), 0, 21.5).pre(-122).post(-122).close(-122)
    platform(one.open(-121), 1, 3.25).pre(-121).post(-121).close(-121)
    one.frame(-120).end()
    table = table_of(one)
    assert table.values("fod_left").tolist() == [20, 20, 3.25, 3.25]
    assert table.values("fod_right").tolist() == [28, 21.5, 21.5, 21.5]
    assert table.valid("fod_left").all()
    assert not table.valid("whispy").any()


def test_a_stage_change_written_only_in_a_discarded_instance_still_happened(slp: Any):
    one = slp().start(stage=DREAM_LAND).frame(-123)
    one.open(-122).add(Event.WHISPY, frame=(1, ">i", -122), direction=(5, "B", 2)).pre(-122).post(-122).close(
        -122, -123
    )
    one.frame(-122, finalized=-122).frame(-121).end()
    assert table_of(one).values("whispy").tolist() == [0, 2, 2]


def test_a_later_frame_of_an_earlier_instance_does_not_see_the_future(slp: Any):
    one = slp().start(stage=DREAM_LAND).frame(-123).frame(-122, finalized=-123).frame(-121, finalized=-123)
    one.open(-122).add(Event.WHISPY, frame=(1, ">i", -122), direction=(5, "B", 1)).pre(-122).post(-122).close(
        -122
    )
    one.frame(-120).end()
    # -121 was last written before the change, and the value that the game showed then is taken
    assert table_of(one).values("whispy").tolist() == [0, 1, 0, 1]


def test_stadium_events_are_two_numbers(slp: Any):
    one = slp().start(stage=STADIUM).frame(-123)
    one.open(-122).add(Event.STADIUM, frame=(1, ">i", -122), event=(5, ">H", 3), type=(7, ">H", 4))
    one.pre(-122).post(-122).close(-122).end()
    table = table_of(one)
    assert (table.values("ps_event").tolist(), table.values("ps_type").tolist()) == ([0, 3], [5, 4])


@pytest.mark.parametrize("stage", [FOD, STADIUM, DREAM_LAND])
def test_before_stage_events_their_values_are_unknown(slp: Any, stage: int):
    table = table_of(slp(FOD_PLATFORM=0, WHISPY=0, STADIUM=0).start(stage=stage).frame(-123).end())
    for column in schema.STAGE_COLUMNS:
        assert not table.valid(column.name).any()


def test_the_cloud_is_a_function_of_the_frame(slp: Any):
    table = table_of(slp().start(stage=YOSHIS).frames(-123, 1100).end())
    assert table.valid("d_randall_x").all()
    y = table.values("d_randall_y")
    assert -34 < y.min() < y.max() < -13
    assert not table_of(slp().start().frame(-123)).valid("d_randall_x").any()


def test_holes_in_the_frames_fail(slp: Any):
    with pytest.raises(ReplayRefused, match=r"1 holes.*between -122 and -119") as caught:
        table_of(slp().start().frames(-123, -121).frames(-119, -117).end())
    assert caught.value.reason is Reason.NOT_CONTIGUOUS


def test_a_game_of_which_nothing_was_ever_final_fails(slp: Any):
    with pytest.raises(ReplayRefused, match="ever final") as caught:
        table_of(slp().start().frame(-123, finalized=-200).frame(-122, finalized=-200))
    assert caught.value.reason is Reason.NO_FRAMES


def test_a_replay_without_players_fails(slp: Any):
    with pytest.raises(ReplayRefused, match="no player") as caught:
        table_of(slp().start().frame(-123, ports=(7,)).end())
    assert caught.value.reason is Reason.UNREADABLE


def test_a_stream_that_does_not_begin_with_a_game_fails(slp: Any):
    with pytest.raises(ReplayRefused, match="first event") as caught:
        table_of(slp().frame(-123))
    assert caught.value.reason is Reason.UNREADABLE


def test_packed_frame_numbers_are_signed():
    assert struct.pack(">i", -123) == b"\xff\xff\xff\x85"  # the search for frame starts relies on this


FLAGS4, MISC_AS, HITSTUN = 0x29, 0x2B, 0x02


def posts_of(slp: Any, rows: list[tuple[int, float]], follower: int = 0) -> Any:
    """The state of a game of one player whose frames have these flags4 and misc_as."""
    one = slp().start(players={0: 14})
    for slp_frame, (flags, misc) in enumerate(rows, start=-123):
        one.open(slp_frame).pre(slp_frame).pre(slp_frame, follower=1).post(slp_frame, follower=1 - follower)
        one.post(slp_frame, follower=follower, flags=(FLAGS4, "B", flags), misc=(MISC_AS, ">f", misc))
        one.close(slp_frame)
    return one.end()


@pytest.mark.parametrize(("entity", "follower"), [("p0", 0), ("p0n", 1)])
def test_misc_as_is_null_where_it_is_no_number_and_means_no_hitstun(slp: Any, entity: str, follower: int):
    nan, infinity = float("nan"), float("inf")
    rows = [(0, nan), (0xFF & ~HITSTUN, -infinity), (HITSTUN, 4.0), (0, 5.0), (0, 0.0)]
    table = table_of(posts_of(slp, rows, follower))
    assert table.valid(f"{entity}.misc_as").tolist() == [False, False, True, True, True]
    assert table.values(f"{entity}.misc_as").tolist() == [0, 0, 4, 5, 0]
    assert table.valid(f"{entity}.flags4").all()
    back = read_states(states_bytes(table))
    assert back.sha256 == table.sha256
    hitstun, is_known = derive(back, f"{entity}.d_hitstun_left")
    assert (hitstun.tolist(), is_known.tolist()) == ([0, 0, 4, 0, 0], [True] * 5)


def test_misc_as_that_means_hitstun_is_kept_as_it_is(slp: Any):
    table = table_of(posts_of(slp, [(HITSTUN, float("nan")), (HITSTUN | 0x20, 1.0)]))
    assert table.valid("p0.misc_as").all()
    assert np.isnan(table.values("p0.misc_as")[0])


def test_a_facing_that_is_no_number_is_null(slp: Any):
    one = slp().start(players={0: 2})
    for slp_frame, facing in enumerate([1.0, float("nan"), float("-inf"), 0.0], start=-123):
        one.open(slp_frame).pre(slp_frame).post(slp_frame, facing=(0x12, ">f", facing)).close(slp_frame)
    table = table_of(one.end())
    assert table.valid("p0.facing").tolist() == [True, False, False, True]
    assert table.values("p0.facing").tolist() == [1, 0, 0, 0]
