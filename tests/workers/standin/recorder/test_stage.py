from __future__ import annotations

import itertools

import pytest

from workers.replay.melee_names import stage_geometry
from workers.replay.stage_geometry import DREAM_LAND, FOUNTAIN, LEGAL_STAGES, STADIUM, STAGES, YOSHIS
from workers.standin.recorder.dice import Dice, Draws
from workers.standin.recorder.stage_script import LEFT_PLATFORM, RIGHT_PLATFORM, Moment, StageScript


def _moments(stage_id: int, num_frames: int, seed: int = 1) -> list[Moment]:
    script = StageScript(STAGES[stage_id], Dice(seed, Draws.STAGE))
    return [script.at(frame) for frame in range(-123, num_frames - 123)]


@pytest.mark.parametrize("stage_id", LEGAL_STAGES)
def test_the_stage_is_the_one_that_melee_has(stage_id: int):
    stage, real = STAGES[stage_id], stage_geometry(stage_id)
    floor = [piece for piece in stage.surfaces if not piece.is_platform]
    platforms = [piece for piece in stage.surfaces if piece.is_platform]

    assert (stage.left, stage.right) == (real.blast_left, real.blast_right)
    assert (stage.bottom, stage.top) == (real.blast_bottom, real.blast_top)
    assert (floor[0].left, floor[-1].right) == (-real.ground_x, real.ground_x)
    assert [(p.y_left, p.left, p.right) for p in platforms] == [
        (p.y, p.left, p.right) for p in real.platforms
    ]


@pytest.mark.parametrize("stage_id", LEGAL_STAGES)
def test_the_floor_has_no_gaps(stage_id: int):
    floor = [piece for piece in STAGES[stage_id].surfaces if not piece.is_platform]

    for left, right in itertools.pairwise(floor):
        assert left.right == right.left
        assert left.y_right == right.y_left


def test_the_script_says_the_same_whenever_it_is_asked():
    script = StageScript(STAGES[FOUNTAIN], Dice(5, Draws.STAGE))
    late = script.at(2000)

    assert script.at(100) == StageScript(STAGES[FOUNTAIN], Dice(5, Draws.STAGE)).at(100)
    assert script.at(2000) == late


@pytest.mark.slow
def test_the_fountains_platforms_glide_and_tell_every_step():
    moments = _moments(FOUNTAIN, 4000)
    told = {LEFT_PLATFORM: 20.0, RIGHT_PLATFORM: 28.0}
    for moment in moments:
        for which, height in moment.platform_moves:
            assert 0 < abs(height - told[which]) <= 0.2 + 1e-9
            told[which] = height
        left, right = moment.surfaces[-2:]
        assert (left.y_left, right.y_left) == (told[LEFT_PLATFORM], told[RIGHT_PLATFORM])
        assert min(told.values()) > 5
        assert max(told.values()) < 35
    assert sum(bool(moment.platform_moves) for moment in moments) > 1000


@pytest.mark.slow
def test_whispy_blows_both_ways_for_as_long_as_in_the_game():
    winds = [moment.wind for moment in _moments(DREAM_LAND, 20_000)]
    gusts = [(wind, len(list(run))) for wind, run in itertools.groupby(winds)]

    assert {wind for wind, _ in gusts} == {0, 1, 2}
    assert {length for wind, length in gusts[:-1] if wind} == {274}


def test_the_stadium_goes_through_its_events_in_order():
    screens = [screen for screen, _ in itertools.groupby(m.transformation for m in _moments(STADIUM, 8000))]

    assert screens[0] == (0, 5)
    for (event, kind), (next_event, next_kind) in itertools.pairwise(screens):
        assert next_event == {0: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 0}[event]
        assert next_kind == kind or next_event == 2
        assert next_event != 2 or (kind == 5) != (next_kind == 5)
    assert len(screens) > 12


def test_randall_goes_round_the_stage():
    moments = _moments(YOSHIS, 2400)
    clouds = [moment.surfaces[-1] for moment in moments]

    assert clouds[:1200] == clouds[1200:]
    assert min(cloud.left for cloud in clouds) < -100
    assert max(cloud.right for cloud in clouds) > 100
