"""Motion tells which frame a picture shows, from nothing but what moves in it, and keeps silent otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.align.painted_game import HEIGHT, WIDTH, measured, pictures_of, state_of
from workers.align.evidence import Evidence
from workers.align.motion.correlation import lag_curve, whiten
from workers.align.motion.evidence import compare_motion, find_motion
from workers.align.motion.maps import FlowMaps
from workers.align.motion.tracks import tracks_of
from workers.align.motion.witness import MotionWitness

SEED, OTHER_SEED = 3, 4


@pytest.fixture(scope="module")
def flow() -> FlowMaps:
    return measured(pictures_of(SEED))


def found(flow: FlowMaps, usual: float | None = None) -> Evidence:
    state = state_of(SEED)
    return find_motion(
        compare_motion(flow, tracks_of(state), usual_correlation=usual), 0, state.num_frames
    ).evidence


def test_pictures_of_their_own_state_agree(flow: FlowMaps):
    assert found(flow).agrees


@pytest.mark.parametrize("shift", [-30, -7, -1, 1, 2, 30])
def test_a_shifted_stream_is_told_to_the_frame(shift: int):
    pictures = pictures_of(SEED)
    still = [pictures[0]] * max(-shift, 0)
    shown = [*still, *pictures[max(shift, 0) :], *[pictures[-1]] * max(shift, 0)][: len(pictures)]
    assert found(measured(shown)).offset_frames == shift


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_brightness_does_not_matter(gain: float):
    pictures = [np.clip(picture * gain, 0, 255).astype(np.uint8) for picture in pictures_of(SEED)]
    assert found(measured(pictures)).offset_frames == 0


def test_another_games_pictures_never_agree():
    state = state_of(SEED)
    shown = pictures_of(OTHER_SEED)[: state.num_frames]
    assert not found(measured(shown)).agrees


def test_a_stream_that_becomes_another_game_is_noticed_where_it_does(flow: FlowMaps):
    place = 500
    shown = [*pictures_of(SEED)[:place], *pictures_of(OTHER_SEED)[place:]]
    evidence = found(measured(shown), usual=0.2)
    assert evidence.disagrees
    assert evidence.first_disagreement_slp_frame is not None
    assert abs(evidence.first_disagreement_slp_frame + 123 - place) < 200


def test_frames_lost_in_the_middle_are_noticed():
    pictures = pictures_of(SEED)
    assert found(measured([*pictures[:400], *pictures[405:], *[pictures[-1]] * 5]), usual=0.2).disagrees


def test_pictures_in_which_nothing_moves_tell_nothing():
    evidence = found(measured([pictures_of(SEED)[0]] * state_of(SEED).num_frames))
    assert not evidence.available


def test_noise_tells_nothing():
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (HEIGHT, WIDTH), np.uint8) for _ in range(state_of(SEED).num_frames)]
    assert not found(measured(noise)).agrees


def test_a_part_of_a_game_can_be_judged_alone(flow: FlowMaps):
    comparison = compare_motion(flow, tracks_of(state_of(SEED)))
    assert find_motion(comparison, 300, 900).evidence.offset_frames == 0


class TestTheWitness:
    def test_it_has_nothing_against_a_true_pair(self):
        assert self.objection(list(pictures_of(SEED))) is None

    def test_it_objects_to_a_shifted_pair(self):
        pictures = pictures_of(SEED)
        objection = self.objection([*pictures[2:], pictures[-1], pictures[-1]])
        assert objection is not None
        assert "offset +2" in objection

    def test_it_says_when_it_cannot_tell(self):
        assert self.objection([pictures_of(SEED)[0]] * state_of(SEED).num_frames) == ""

    @pytest.mark.parametrize("num_frames", [1, 2, 5, 20, 31, 61])
    def test_it_cannot_tell_of_a_few_pictures(self, num_frames: int):
        witness = MotionWitness()
        for picture in pictures_of(SEED)[:num_frames]:
            witness.see(picture)
        assert witness.objection(state_of(SEED).slice(0, num_frames)) == ""

    def test_pictures_that_are_late_by_design_are_true_pairs_if_it_knows(self):
        pictures = pictures_of(SEED)
        late = [pictures[0], *pictures[:-1]]
        assert "offset -1" in str(self.objection(late))
        assert self.objection(late, state_delay=1) is None

    @staticmethod
    def objection(pictures: list[np.ndarray], state_delay: int = 0) -> str | None:
        witness = MotionWitness(state_delay)
        for picture in pictures:
            witness.see(picture)
        return witness.objection(state_of(SEED))


def test_whitening_leaves_nothing_of_what_never_changes():
    assert not whiten(np.full((2, 50), 3, np.float32)).any()


def test_the_curve_finds_a_known_lag():
    random = np.random.default_rng(2)
    sequence = random.normal(size=(2, 400)).astype(np.float32)
    curve = lag_curve(sequence, np.roll(sequence, -5, axis=1))
    assert (curve.best_lag, curve.margin > 3) == (5, True)
