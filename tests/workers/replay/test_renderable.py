"""Each rule that a replay may break, and the reason it is refused with."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.renderable import renderable


def refusal(one: Any) -> ReplayRefused:
    with pytest.raises(ReplayRefused) as caught:
        renderable(read_replay(one.data()))
    return caught.value


@pytest.mark.parametrize("stage", [2, 3, 8, 28, 31, 32])
def test_a_whole_game_on_a_tournament_stage_is_renderable(slp: Any, stage: int):
    assert renderable(read_replay(slp().start(stage=stage).frames(-123, -100).end().data())).num_frames == 23


def test_a_game_of_four_is_refused(slp: Any):
    one = slp().start(players={0: 1, 1: 2, 2: 3, 3: 4}).frame(-123, ports=(0, 1, 2, 3)).end()
    assert refusal(one).reason is Reason.NOT_ONE_ON_ONE


def test_teams_are_refused(slp: Any):
    assert refusal(slp().start(teams=(0x5 + 0x8, "B", 1)).frame(-123).end()).reason is Reason.NOT_ONE_ON_ONE


def test_a_player_in_a_fifth_port_is_refused(slp: Any):
    assert refusal(slp().start().frame(-123, ports=(0, 1, 4)).end()).reason is Reason.NOT_ONE_ON_ONE


def test_another_stage_is_refused(slp: Any):
    assert refusal(slp().start(stage=12).frame(-123).end()).reason is Reason.ILLEGAL_STAGE


def test_a_late_beginning_is_refused(slp: Any):
    assert refusal(slp().start().frames(-122, -100).end()).reason is Reason.BAD_FIRST_FRAME


def test_holes_are_refused(slp: Any):
    assert refusal(slp().start().frames(-123, -120).frames(-118, -110).end()).reason is Reason.NOT_CONTIGUOUS


def test_damage_is_refused(slp: Any):
    one = slp().start().frames(-123, -120)
    one.events.append(b"\xee")
    assert refusal(one.frames(-120, -110)).reason is Reason.UNREADABLE


def test_repeated_frames_offline_are_refused(slp: Any):
    one = slp().start(scene=(0x1A4, "B", 2)).frame(-123).frame(-123).frame(-122).end()
    assert refusal(one).reason is Reason.NOT_CONTIGUOUS


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_the_game_never_has_are_refused(slp: Any, value: float):
    one = slp().start().frame(-123).frame(-122, x=value).frame(-121).end()
    found = refusal(one)
    assert found.reason is Reason.NON_FINITE
    assert "p0.x" in found.detail
    assert "frame -122" in found.detail


def test_a_file_cut_short_is_renderable_up_to_its_last_whole_frame(slp: Any):
    one = slp().start().frames(-123, -100)
    one.metadata = b""
    data = one.data(0)[:-50]
    assert renderable(read_replay(data)).num_frames == 22
