"""The pure functions of the recorder's simulation: draws, directions, knockback, characters' numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.internal_characters import internal_character_names
from workers.replay.melee_names import character_name
from workers.standin.recorder.combat import hitlag_of, knockback
from workers.standin.recorder.dice import Dice, Draws
from workers.standin.recorder.moves import attacks
from workers.standin.recorder.roster import ROSTER, Character
from workers.standin.recorder.unit_vectors import direction


@pytest.mark.parametrize("degrees", range(-360, 720, 15))
def test_directions_agree_with_the_math_library(degrees: int):
    x, y = direction(degrees)

    assert math.isclose(x, math.cos(math.radians(degrees)), abs_tol=1e-12)
    assert math.isclose(y, math.sin(math.radians(degrees)), abs_tol=1e-12)


def test_draws_are_the_same_for_ever():
    dice = Dice(12345, Draws.SETUP)

    assert [dice.below(1000) for _ in range(8)] == DRAWN


DRAWN = [636, 378, 728, 888, 536, 354, 567, 97]


@given(st.integers(0, 2**48 - 1), st.sampled_from(Draws), st.integers(1, 100))
def test_draws_stay_in_their_range(seed: int, stream: Draws, exclusive_end: int):
    dice = Dice(seed, stream)

    assert 0 <= dice.below(exclusive_end) < exclusive_end
    assert -2 <= dice.between(-2, 3) < 3
    assert dice.pick("abc") in "abc"
    assert dice.weighted([("never", 0.0), ("always", 1.0)]) == "always"


def test_streams_of_one_seed_differ():
    assert len({Dice(1, stream).below(2**30) for stream in Draws}) == len(Draws)


@given(st.floats(0, 500), st.floats(0, 100), st.floats(55, 120))
def test_knockback_grows_with_percent_and_shrinks_with_weight(percent: float, more: float, weight: float):
    smash = attacks(1, 1, 1)[60]

    assert knockback(percent + more, smash, weight) >= knockback(percent, smash, weight)
    assert knockback(percent, smash, weight) >= knockback(percent, smash, weight + 5)


def test_hitlag_follows_damage():
    assert [hitlag_of(damage) for damage in (0, 3, 10, 16, 100)] == [3, 4, 6, 8, 20]


def test_the_roster_has_the_games_two_numbers_for_each_character():
    names = internal_character_names()

    for character in ROSTER:
        assert names[character.internal_id] == character_name(character.external_id)
    assert len({character.external_id for character in ROSTER}) == len(ROSTER) == 16


@pytest.mark.parametrize("character", ROSTER, ids=lambda one: one.name)
def test_every_attack_hits_before_it_ends(character: Character):
    for attack in character.attacks.values():
        assert 1 <= attack.first_active <= attack.last_active < attack.num_frames
