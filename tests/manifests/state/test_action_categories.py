"""The categories of actions agree with libmelee's names of the same actions."""

from __future__ import annotations

import melee
import numpy as np
import pytest

from manifests.state.action_categories import FIRST_OF_THE_CHARACTER, ActionCategory, categories

C = ActionCategory
FRAME_DATA = melee.FrameData()
FOX = melee.Character.FOX.value


def category(action: int, character: int = FOX) -> ActionCategory:
    return ActionCategory(int(categories(np.array([character], np.uint8), np.array([action], np.uint16))[0]))


COMMON = [action for action in melee.Action if action.value < FIRST_OF_THE_CHARACTER]


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        (("DEAD_FLY", "DEAD_DOWN", "DEAD_UP", "DEAD_LEFT", "DEAD_RIGHT"), {C.DEAD}),
        (("ON_HALO",), {C.RESPAWN}),
        (("STANDING", "WALK_", "TURNING", "DASHING", "RUN", "EDGE_TEETERING"), {C.GROUND_MOVEMENT}),
        (("JUMPING", "KNEE_BEND"), {C.JUMP}),
        (("FALLING",), {C.FALL}),
        (("DEAD_FALL", "SPECIAL_FALL"), {C.HELPLESS}),
        (("CROUCH",), {C.CROUCH}),
        (("LANDING", "NAIR_L", "FAIR_L", "BAIR_L", "UAIR_L", "DAIR_L"), {C.LANDING}),
        (("NEUTRAL_ATTACK", "LOOPING_ATTACK", "DASH_ATTACK", "FTILT", "UPTILT", "DOWNTILT"),
        {C.GROUND_ATTACK}),
        (("FSMASH", "UPSMASH", "DOWNSMASH"), {C.GROUND_ATTACK}),
        (("DAMAGE_HIGH", "DAMAGE_NEUTRAL", "DAMAGE_LOW", "DAMAGE_AIR", "DAMAGE_FLY"), {C.DAMAGE}),
        (("TUMBLING", "BOUNCE"), {C.DAMAGE}),
        (("ITEM_", "BEAM_SWORD", "BAT_SWING", "GUN_", "LIFT_", "HAMMER", "KINOKO"), {C.ITEM}),
        (("SHIELD_BREAK",), {C.INCAPACITATED}),
        (("LYING_GROUND", "TECH_MISS", "GROUND_GETUP", "NEUTRAL_GETUP"), {C.DOWN}),
        (("NEUTRAL_TECH", "FORWARD_TECH", "BACKWARD_TECH", "WALL_TECH", "CEILING_TECH"), {C.TECH}),
        (("THROW_",), {C.THROW}),
        (("THROWN_", "CAPTURE_", "SHOULDERED"), {C.GRABBED}),
        (("ROLL_F", "ROLL_B", "SPOTDODGE", "AIRDODGE"), {C.DODGE}),
        (("EDGE_HANGING", "EDGE_CATCHING", "EDGE_GETUP", "EDGE_ATTACK", "EDGE_ROLL", "EDGE_JUMP"), {C.LEDGE}),
        (("BURY", "DAMAGE_SONG", "DAMAGE_BIND", "DAMAGE_ICE"), {C.INCAPACITATED}),
        (("TAUNT",), {C.TAUNT}),
        (("ENTRY",), {C.ENTRY}),
        (("REBOUND",), {C.CLANK}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_actions_are_what_libmelee_calls_them(prefixes: tuple[str, ...], expected: set[ActionCategory]):
    named = [action for action in COMMON if action.name.startswith(prefixes)]
    assert named
    assert {category(action.value) for action in named} == expected


def test_shields_are_libmelees_shields():
    assert {action for action in COMMON if FRAME_DATA.is_shield(action)} == {
        action for action in COMMON if category(action.value) is C.SHIELD
    }


def test_common_grabs_and_attacks_are_libmelees():
    for action in COMMON:
        if FRAME_DATA.is_grab(melee.Character.FOX, action):
            assert category(action.value) is C.GRAB
        if FRAME_DATA.is_attack(melee.Character.FOX, action):
            attacks = {C.GROUND_ATTACK, C.AERIAL, C.LEDGE, C.DOWN, C.GRAB, C.THROW, C.ITEM}
            assert category(action.value) in attacks, action


def test_slippi_js_ranges_are_whole():
    ranges = {
        C.DAMAGE: (0x4B, 0x5B), C.GRABBED: (0xDF, 0xE8), C.SHIELD: (0xB2, 0xB6), C.CROUCH: (0x27, 0x29),
        C.DOWN: (0xB7, 0xC6), C.TECH: (0xC7, 0xCC), C.DEAD: (0x00, 0x0A), C.GROUND_ATTACK: (0x2C, 0x40),
    }  # fmt: skip
    for expected, (first, last) in ranges.items():
        assert {category(action) for action in range(first, last + 1)} == {expected}


def test_a_characters_own_actions_are_specials():
    for action in (0x155, 0x168, 0x171):
        assert category(action) is C.SPECIAL


@pytest.mark.parametrize(
    ("character", "action", "expected"),
    [
        ("PEACH", 0x155, C.FALL), ("PEACH", 0x158, C.AERIAL), ("PEACH", 0x15D, C.GROUND_ATTACK),
        ("PEACH", 0x160, C.SPECIAL),
        ("JIGGLYPUFF", 0x159, C.JUMP), ("JIGGLYPUFF", 0x15A, C.SPECIAL), ("KIRBY", 0x15E, C.JUMP),
        ("GAMEANDWATCH", 0x15B, C.AERIAL), ("GAMEANDWATCH", 0x15E, C.LANDING),
        ("NESS", 0x155, C.GROUND_ATTACK),
        ("YOSHI", 0x156, C.SHIELD), ("YOSHI", 0x15A, C.SPECIAL), ("YLINK", 0x156, C.TAUNT),
        ("LINK", 0x168, C.AERIAL),
        ("SAMUS", 0x165, C.AERIAL), ("DK", 0x15F, C.GRAB), ("DK", 0x169, C.THROW), ("DOC", 0x155, C.TAUNT),
    ],
)  # fmt: skip
def test_exceptions_are_by_character(character: str, action: int, expected: ActionCategory):
    assert category(action, melee.Character[character].value) is expected


@pytest.mark.parametrize("action", [0x400, 0x4000, 0xFFFF])
def test_what_is_no_action_is_unknown(action: int):
    assert category(action) is C.UNKNOWN


def test_every_action_has_one_category():
    character, action = np.meshgrid(np.arange(33, dtype=np.uint8), np.arange(0x21A, dtype=np.uint16))
    found = categories(character, action)
    assert found.shape == action.shape
    assert not (found == C.UNKNOWN).any()
