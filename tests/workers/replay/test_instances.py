"""The last complete instance of a frame is taken, and it is known which frames are final."""

from __future__ import annotations

from typing import Any

import pytest

from workers.replay import read_replay
from workers.replay.instances import MAX_ROLLBACK_FRAMES, Entity
from workers.replay.state import state_table

OLD = {"FRAME_START": 0, "BOOKEND": 0, "ITEM": 0, "FOD_PLATFORM": 0, "WHISPY": 0, "STADIUM": 0}


def xs(data: bytes, entity: str = "p0") -> list[float]:
    return state_table(read_replay(data), finalized_only=False).values(f"{entity}.x").tolist()


def test_the_last_instance_of_a_frame_counts(slp: Any):
    one = slp().start().frame(-123, 1, -124).frame(-122, 2, -124).frame(-123, 3, -123).frame(-122, 4, -122)
    table = state_table(read_replay(one.end().data()))
    assert table.values("p0.x").tolist() == [3, 4]
    assert table.values("n_written").tolist() == [2, 2]
    assert table.values("slp_frame").tolist() == [-123, -122]


def test_an_incomplete_instance_does_not_count(slp: Any):
    one = slp().start().frame(-123, 1).frame(-122, 2)
    one.open(-122).pre(-122, 0).post(-122, 0, x=9)  # cut before its bookend
    assert xs(one.data()) == [1, 2]


def test_an_incomplete_instance_in_between_does_not_count_either(slp: Any):
    one = slp().start().frame(-123, 1).open(-122).pre(-122).post(-122, x=9).frame(-122, 2).end()
    record = read_replay(one.data()).record
    assert xs(one.data()) == [1, 2]
    assert record.num_instances == 2


@pytest.mark.parametrize("missing", ["BOOKEND", "both"])
def test_before_bookends_the_last_frame_counts_if_all_its_players_came_through(slp: Any, missing: str):
    sizes = {"BOOKEND": 0} if missing == "BOOKEND" else OLD
    one = slp(**sizes).start().frame(-123, 1).frame(-122, 2)
    assert xs(one.data(length=0)) == [1, 2]
    if "FRAME_START" not in sizes:
        one.open(-121)
    one.pre(-121, 0).pre(-121, 1).post(-121, 0)
    assert xs(one.data(length=0)) == [1, 2]
    one.post(-121, 1, x=3)
    assert xs(one.data(length=0)) == [1, 2, 0]


def test_frames_past_the_last_finalized_one_are_flagged_and_cut(slp: Any):
    one = slp().start().frame(-123, 1, -123).frame(-122, 2, -122).frame(-121, 3, -122).frame(-120, 4, -122)
    replay = read_replay(one.data())
    assert replay.record.num_unfinalized == 2
    assert replay.record.last_finalized_slp_frame == -122
    assert state_table(replay, finalized_only=False).values("finalized").tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert state_table(replay).values("p0.x").tolist() == [1, 2]


def test_netplay_that_does_not_say_what_is_final_loses_what_a_rollback_could_reach(slp: Any):
    one = slp(BOOKEND=0x5).start()
    for slp_frame in range(-123, -100):
        one.frame(slp_frame)
    one.frame(-101, 7).end()
    replay = read_replay(one.data())
    assert replay.record.num_unfinalized == MAX_ROLLBACK_FRAMES
    assert replay.record.last_finalized_slp_frame is None


def test_offline_games_of_every_version_are_final(slp: Any):
    for sizes in ({}, {"BOOKEND": 0x5}, {"BOOKEND": 0}, OLD):
        assert read_replay(slp(**sizes).start().frames(-123, -110).end().data()).record.num_unfinalized == 0


def test_a_player_missing_from_some_frames_is_missing_from_those(slp: Any):
    one = slp().start().frame(-123, 1)
    one.open(-122).pre(-122, 1).post(-122, 1, x=5).close(-122)
    one.frame(-121, 3).end()
    table = state_table(read_replay(one.data()))
    assert table.values("p0.present").tolist() == [True, False, True]
    assert table.valid("p0.x").tolist() == [True, False, True]
    assert table.values("p0.x").tolist() == [1, 0, 3]
    assert table.values("p1.x").tolist() == [1, 5, 3]


def test_followers_are_entities_of_their_own(slp: Any):
    one = slp().start()
    one.open(-123).pre(-123, 0).pre(-123, 0, 1).pre(-123, 1)
    one.post(-123, 0, x=1).post(-123, 0, 1, x=2).post(-123, 1, x=3).close(-123).frame(-122, 4).end()
    replay = read_replay(one.data())
    assert replay.frames.post[Entity(0, is_follower=True)].tolist()[1] == -1
    table = state_table(replay)
    assert table.values("p0n.present").tolist() == [True, False]
    assert (table.values("p0n.x").tolist(), table.valid("p0n.x").tolist()) == ([2, 0], [True, False])


def test_an_event_of_another_frame_ends_what_can_be_believed(slp: Any):
    one = slp().start().frames(-123, -120)
    one.open(-120).pre(-120, 0).pre(-90, 1).post(-120, 0).close(-120).frames(-119, -110).end()
    record = read_replay(one.data()).record
    assert record.last_slp_frame == -121
    assert "names frame -90" in record.damage


def test_events_of_ports_that_do_not_exist_are_counted_and_left_out(slp: Any):
    one = slp().start().frame(-123, ports=(0, 1, 5)).end()
    replay = read_replay(one.data())
    assert replay.frames.num_foreign_events == 2
    assert [player.port for player in replay.record.players] == [0, 1]


def test_items_are_those_of_the_instance_that_counts(slp: Any):
    one = slp().start()
    one.open(-123).pre(-123).post(-123).item(-123, 1).item(-123, 2).close(-123, -124)
    one.open(-123).pre(-123).post(-123).item(-123, 7, x=2.5).close(-123)
    one.frame(-122, ports=(0,))
    one.open(-121).pre(-121).post(-121).item(-121, 7).item(-121, 9).close(-121).end()
    items = state_table(read_replay(one.data())).items
    assert items.offsets.tolist() == [0, 1, 1, 3]
    assert items.values("spawn_id").tolist() == [7, 7, 9]
    assert items.values("x").tolist() == [2.5, 0, 0]


def test_frames_written_out_of_order_keep_their_items(slp: Any):
    one = slp().start()
    for slp_frame in (-123, -122, -121, -122, -121):
        one.open(slp_frame).pre(slp_frame).post(slp_frame).item(slp_frame, slp_frame + 200).close(slp_frame)
    items = state_table(read_replay(one.end().data())).items
    assert items.values("spawn_id").tolist() == [77, 78, 79]
