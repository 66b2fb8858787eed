"""A replay that breaks a rule for rendering is refused with the reason of that rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from manifests.state.schema import ENTITY_COLUMNS
from tests.conftest import SHARED
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.renderable import renderable

if TYPE_CHECKING:
    from manifests.state.column import Column


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


@pytest.mark.parametrize(
    ("ports", "said"), [((0, 1, 4), "port 5"), ((0, 5, 254), "ports 6, 255"), ((1, 4), "port 5")]
)
def test_events_of_a_port_that_no_console_has_are_named(slp: Any, ports: tuple[int, ...], said: str):
    found = refusal(slp().start().frame(-123, ports=ports).end())
    assert f"events name {said} beyond the console's four" in found.detail


@pytest.mark.shared
def test_the_events_of_slippcs_crash_are_named():
    with pytest.raises(ReplayRefused, match=r"events name ports? .* beyond the console's four"):
        renderable(read_replay((SHARED / "cases" / "foreign_port_crash11.slp").read_bytes()))


@pytest.mark.parametrize(("stage", "name"), [(7, "CORNERIA"), (33, "TARGET_TEST_MARIO"), (300, "STAGE_300")])
def test_a_stage_that_is_refused_is_named(slp: Any, stage: int, name: str):
    assert f"stage {name} (id {stage})" in refusal(slp().start(stage=stage).frame(-123).end()).detail


@pytest.mark.parametrize("character", [26, 32, 33, 40, 255])
def test_a_character_that_nobody_can_choose_is_refused_as_a_mods(slp: Any, character: int):
    found = refusal(slp().start(players={0: 2, 2: character}).frame(-123, ports=(0, 2)).end())
    assert found.reason is Reason.ILLEGAL_CHARACTER
    assert f"port 3 starts as character {character}" in found.detail
    assert "mod" in found.detail


@pytest.mark.parametrize(("internal", "name"), [(11, "NANA"), (31, "GIGA_BOWSER"), (33, "CHARACTER_33")])
def test_such_a_character_is_refused_in_the_frames_too(slp: Any, internal: int, name: str):
    found = refusal(with_one_post(slp, character=(0x7, "B", internal)))
    assert (found.reason, name in found.detail) == (Reason.ILLEGAL_CHARACTER, True)


@pytest.mark.parametrize("character", range(26))
def test_every_character_that_can_be_chosen_is_renderable(slp: Any, character: int):
    assert renderable(read_replay(slp().start(players={0: character, 1: 2}).frame(-123).end().data()))


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


MISC_AS = {"misc": (0x2B, "4s", b"\xff\xff\xff\xff")}  # a NaN


def with_one_post(slp: Any, **fields: tuple[int, str, object]) -> Any:
    one = slp().start().frame(-123).open(-122).pre(-122, 0).pre(-122, 1)
    return one.post(-122, 0, **fields).post(-122, 1).close(-122).frame(-121).end()


@pytest.mark.parametrize("flags", [0x00, 0x20, 0xFD])
def test_a_nan_in_misc_as_outside_hitstun_is_no_damage(slp: Any, flags: int):
    one = with_one_post(slp, flags=(0x29, "B", flags), **MISC_AS)
    assert renderable(read_replay(one.data())).valid("p0.misc_as").tolist() == [True, False, True]


@pytest.mark.parametrize("flags", [0x02, 0xFF])
def test_a_nan_in_the_hitstun_that_is_left_is_damage(slp: Any, flags: int):
    found = refusal(with_one_post(slp, flags=(0x29, "B", flags), **MISC_AS))
    assert (found.reason, "p0.misc_as" in found.detail) == (Reason.NON_FINITE, True)


FLOATS = [column for column in ENTITY_COLUMNS if column.source is not None and column.source.wire == ">f4"]


@pytest.mark.parametrize("column", FLOATS, ids=lambda column: str(column.name))
def test_only_misc_as_and_facing_may_be_no_number(slp: Any, column: Column):
    assert column.source is not None
    nan = {"nan": (column.source.offset, "4s", b"\x7f\xc0\0\0")}
    if column.source.event == "post":
        one = with_one_post(slp, **nan)
    else:
        one = slp().start().frame(-123).open(-122).pre(-122, 0, **nan).pre(-122, 1)
        one.post(-122, 0).post(-122, 1).close(-122).frame(-121).end()
    if column.name in ("misc_as", "facing"):
        assert not renderable(read_replay(one.data())).valid(f"p0.{column.name}")[1]
    else:
        assert refusal(one).reason is Reason.NON_FINITE


@pytest.mark.shared
def test_the_live_game_with_a_nan_outside_hitstun_is_renderable():
    data = (SHARED / "cases" / "misc_as_nan_outside_hitstun.slp").read_bytes()
    table = renderable(read_replay(data))
    assert np.flatnonzero(~table.valid("p0.misc_as")).tolist() == [-20 - table.first_slp_frame]


def test_a_file_cut_short_is_renderable_up_to_its_last_whole_frame(slp: Any):
    one = slp().start().frames(-123, -100)
    one.metadata = b""
    data = one.data(0)[:-50]
    assert renderable(read_replay(data)).num_frames == 22
