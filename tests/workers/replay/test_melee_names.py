"""The names of characters and stages, and stages' geometry, agree with what replays say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workers.internal_characters import internal_character_names
from workers.replay import melee_names, read_replay
from workers.replay.state import state_table

if TYPE_CHECKING:
    from pathlib import Path


def test_external_and_internal_numbers_mean_the_same_character(real_replays: Path):
    seen = set()
    for path in real_replays.glob("*.slp"):
        if path.name == "corrupt.slp":
            continue
        replay = read_replay(path.read_bytes())
        table = state_table(replay)
        for index, player in enumerate(replay.record.players):
            internal = internal_character_names()[int(table.values(f"p{index}.character")[0])]
            started_as_sheik = {player.character_name, internal} == {"ZELDA", "SHEIK"}
            assert player.character_name == internal or started_as_sheik, path.name
            seen.add(internal)
    assert len(seen) >= 8


test_external_and_internal_numbers_mean_the_same_character = pytest.mark.shared(
    test_external_and_internal_numbers_mean_the_same_character
)


def test_character_names_are_their_own_inverse():
    names = [melee_names.character_name(number) for number in range(26)]
    assert len(set(names)) == 26
    assert [melee_names.external_character_id(name) for name in names] == list(range(26))
    assert set(names) < set(internal_character_names().values())
    assert melee_names.character_name(200) == "UNKNOWN_CHARACTER"


def test_an_unknown_character_fails():
    with pytest.raises(ValueError, match=r"no playable character.*PICHU"):
        melee_names.external_character_id("PICHUU")


def test_the_six_stages_have_a_shape():
    for stage in melee_names.LEGAL_STAGES:
        shape = melee_names.stage_geometry(stage)
        assert (
            shape.blast_left
            < -shape.edge_x
            < -shape.ground_x
            < 0
            < shape.ground_x
            < shape.edge_x
            < shape.blast_right
        )
        assert shape.blast_bottom < 0 < shape.blast_top
        for platform in shape.platforms:
            assert platform.left < platform.right
            assert 0 < platform.y < shape.blast_top
    assert len(melee_names.stage_geometry(0x1F).platforms) == 3
    assert melee_names.stage_geometry(0x20).platforms == ()


def test_another_stage_has_none():
    assert melee_names.stage_name(12) == "JUNGLE_JAPES"
    with pytest.raises(ValueError, match="no geometry for stage 12"):
        melee_names.stage_geometry(12)


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        *((4, "PEACHS_CASTLE"), (14, "HYRULE_TEMPLE"), (20, "MUSHROOM_KINGDOM_II"), (22, "VENOM")),
        *((27, "FLAT_ZONE"), (30, "KONGO_JUNGLE_N64"), (33, "TARGET_TEST_MARIO")),
        (58, "TARGET_TEST_GANONDORF"),
        *((21, "STAGE_21"), (59, "STAGE_59"), (300, "STAGE_300"), (0xFFFF, "STAGE_65535")),
    ],
)  # fmt: skip
def test_a_stage_has_its_name_or_its_number(stage: int, name: str):
    assert melee_names.stage_name(stage) == name


def test_no_two_stages_share_a_name():
    names = [melee_names.stage_name(stage) for stage in range(100)]
    assert len(set(names)) == 100
    assert "NO_STAGE" not in names


def test_the_characters_of_frames_are_those_that_people_choose_and_no_more():
    playable = {number for number in range(256) if melee_names.is_playable_internally(number)}
    assert playable == set(range(27)) - {11}  # Nana follows Popo
    assert {melee_names.internal_character_name(number) for number in playable} == {
        melee_names.character_name(number) for number in range(256) if melee_names.is_playable(number)
    }
    assert melee_names.internal_character_name(40) == "CHARACTER_40"


def test_the_cloud_comes_round_every_twenty_seconds():
    x, y = melee_names.randall_positions(np.arange(-123, 2400))
    assert np.array_equal(x[:1000], x[1200:2200])
    assert np.array_equal(y[:1000], y[1200:2200])
    assert np.abs(np.diff(x)).max() < 1
    assert np.abs(np.diff(y)).max() < 1


def test_an_action_has_a_name():
    assert melee_names.action_names()[14] == "STANDING"
