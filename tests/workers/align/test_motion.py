"""The motion evidence finds which frame a picture shows from what moves in it, or gives no vote."""

from __future__ import annotations

import numpy as np
import pytest

from manifests.ledger.evidence import Evidence
from tests.workers.align.painted_game import HEIGHT, WIDTH, measured, pictures_of, state_of
from workers.align.motion.camera import Camera, project
from workers.align.motion.correlation import decorrelate, lag_curve, whiten
from workers.align.motion.evidence import compare_motion, find_motion
from workers.align.motion.flow_maps import GRID_COLUMNS, GRID_ROWS, SHIFT_SCALE, FlowMaps
from workers.align.motion.foreground import Foreground
from workers.align.motion.judged_stretches import Windows, judge_ends
from workers.align.motion.movers import tracks_of
from workers.align.motion.tracks import Mover, Tracks, fighter_tracks, thing_tracks, together
from workers.align.motion.witness import MotionWitness

SEED, OTHER_SEED = 3, 4


@pytest.fixture(scope="module")
def flow() -> FlowMaps:
    return measured(pictures_of(SEED))


def found(flow: FlowMaps, usual: float | None = None) -> Evidence:
    state = state_of(SEED)
    return find_motion(compare_motion(flow, tracks_of(state), least_gain=usual), 0, state.num_frames).evidence


@pytest.mark.slow
def test_pictures_of_their_own_state_agree(flow: FlowMaps):
    assert found(flow).agrees


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-30, -7, -1, 1, 2, 30])
def test_a_shifted_stream_is_told_to_the_frame(shift: int):
    pictures = pictures_of(SEED)
    still = [pictures[0]] * max(-shift, 0)
    shown = [*still, *pictures[max(shift, 0) :], *[pictures[-1]] * max(shift, 0)][: len(pictures)]
    assert found(measured(shown)).offset_frames == shift


@pytest.mark.slow
@pytest.mark.parametrize("shift", [-20, 0, 20])
def test_a_few_seconds_suffice(shift: int):
    state = state_of(SEED).slice(300, 450)
    comparison = compare_motion(measured(pictures_of(SEED)[300 + shift : 450 + shift]), tracks_of(state))
    assert find_motion(comparison, 0, state.num_frames).evidence.offset_frames == shift


@pytest.mark.slow
@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_brightness_does_not_matter(gain: float):
    pictures = [np.clip(picture * gain, 0, 255).astype(np.uint8) for picture in pictures_of(SEED)]
    assert found(measured(pictures)).offset_frames == 0


@pytest.mark.slow
def test_another_games_pictures_never_agree():
    state = state_of(SEED)
    shown = pictures_of(OTHER_SEED)[: state.num_frames]
    assert not found(measured(shown)).agrees


@pytest.mark.slow
def test_a_stream_that_becomes_another_game_is_noticed_where_it_does(flow: FlowMaps):
    place = 500
    shown = [*pictures_of(SEED)[:place], *pictures_of(OTHER_SEED)[place:]]
    evidence = found(measured(shown), usual=0.2)
    assert evidence.disagrees
    assert evidence.first_disagreement_slp_frame is not None
    assert abs(evidence.first_disagreement_slp_frame + 123 - place) < 200


@pytest.mark.slow
def test_frames_lost_in_the_middle_are_noticed():
    pictures = pictures_of(SEED)
    assert found(measured([*pictures[:400], *pictures[405:], *[pictures[-1]] * 5]), usual=0.2).disagrees


@pytest.mark.slow
def test_pictures_in_which_nothing_moves_tell_nothing():
    evidence = found(measured([pictures_of(SEED)[0]] * state_of(SEED).num_frames))
    assert not evidence.available


@pytest.mark.slow
def test_noise_tells_nothing():
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (HEIGHT, WIDTH), np.uint8) for _ in range(state_of(SEED).num_frames)]
    assert not found(measured(noise)).available


@pytest.mark.slow
def test_a_part_of_a_game_can_be_judged_alone(flow: FlowMaps):
    comparison = compare_motion(flow, tracks_of(state_of(SEED)))
    assert find_motion(comparison, 300, 900).evidence.offset_frames == 0


class TestTheWitness:
    @pytest.mark.slow
    def test_it_has_nothing_against_a_true_pair(self):
        assert self.objection(list(pictures_of(SEED))) is None

    @pytest.mark.slow
    def test_it_objects_to_a_shifted_pair(self):
        pictures = pictures_of(SEED)
        objection = self.objection([*pictures[2:], pictures[-1], pictures[-1]])
        assert objection is not None
        assert "offset +2" in objection

    @pytest.mark.slow
    def test_it_says_when_it_cannot_tell(self):
        assert self.objection([pictures_of(SEED)[0]] * state_of(SEED).num_frames) == ""

    @pytest.mark.parametrize("num_frames", [1, 2, 5, 20, 31, 61])
    def test_it_cannot_tell_of_a_few_pictures(self, num_frames: int):
        witness = MotionWitness()
        for picture in pictures_of(SEED)[:num_frames]:
            witness.see(picture)
        assert witness.objection(state_of(SEED).slice(0, num_frames)) == ""

    @pytest.mark.slow
    def test_pictures_that_are_late_by_design_are_true_pairs_if_it_knows(self):
        pictures = pictures_of(SEED)
        late = [pictures[0], *pictures[:-1]]
        assert "offset -1" in str(self.objection(late))
        assert self.objection(late, state_delay=1) is None

    @pytest.mark.slow
    @pytest.mark.parametrize("step", [2, 3, 6])
    def test_every_nth_picture_is_a_true_pair_and_a_slip_of_one_is_told(self, step: int):
        pictures = list(pictures_of(SEED))
        assert self.objection(pictures[::step], picture_step=step) is None
        slipped = [*pictures[step::step], pictures[-1]]
        assert "offset +1" in str(self.objection(slipped, picture_step=step))

    def test_every_third_picture_that_is_late_by_design_is_a_true_pair_if_it_knows(self):
        pictures = list(pictures_of(SEED))
        late = [pictures[0], *pictures[:-1]]
        assert self.objection(late[::3], state_delay=1, picture_step=3) is None

    @staticmethod
    def objection(pictures: list[np.ndarray], state_delay: int = 0, picture_step: int = 1) -> str | None:
        witness = MotionWitness(state_delay, picture_step)
        for picture in pictures:
            witness.see(picture)
        return witness.objection(state_of(SEED))


def test_whitening_leaves_nothing_of_what_never_changes():
    assert not whiten(np.full((2, 50), 3, np.float32)).any()


def noise(seed: int, num_frames: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, num_frames)).astype(np.float32)


def test_the_curve_finds_a_known_lag():
    curve = lag_curve(noise(2), np.roll(noise(2), -5, axis=1))
    assert (curve.best_lag, curve.margin > 3) == (5, True)


def test_the_margin_counts_how_much_agrees_not_in_how_many_places():
    few = np.zeros((1, 300), np.float32)
    few[0, [40, 47, 160]] = 6  # only three events, far above the noise
    curve = lag_curve(few, np.roll(few, 4, axis=1) + noise(1, 300)[:1] / 4)
    assert (curve.best_lag, curve.margin > 3) == (-4, True)


def test_unrelated_noise_has_no_margin():
    margins = [lag_curve(noise(2 * k), noise(2 * k + 1)).margin for k in range(50)]
    assert max(margins) < 2


def test_too_few_pictures_have_no_margin():
    curve = lag_curve(noise(2, 90), noise(2, 90))
    assert (curve.best_lag, curve.margin) == (0, 0)


def test_lags_that_predict_the_same_cannot_be_told_apart():
    constant = np.ones((1, 300), np.float32)
    constant[:, :40] = constant[:, -40:] = 0
    assert lag_curve(np.zeros_like(constant), constant).margin == 0
    assert lag_curve(constant, np.zeros_like(constant)).margin == 0


def test_decorrelating_takes_out_what_blinks_and_keeps_what_matches():
    blinks = np.where(np.arange(400) % 2, 3, -3).astype(np.float32)
    signal, seen = noise(2), noise(2) + blinks
    plain, decorrelated = lag_curve(signal, seen), lag_curve(*decorrelate(signal, seen))
    assert decorrelated.best_lag == 0
    assert decorrelated.at(0) > 2 * plain.at(0)


@pytest.mark.parametrize("num_frames", [0, 1, 2, 3])
def test_rows_too_short_for_a_filter_are_left_alone(num_frames: int):
    rows = noise(1, num_frames)
    assert decorrelate(rows, rows)[1].shape == rows.shape


class TestTheForeground:
    def of(self, cells: dict[tuple[int, int], int], num_pictures: int = 3) -> Foreground:
        strength = np.zeros((num_pictures, GRID_ROWS, GRID_COLUMNS), np.uint8)
        for (row, column), value in cells.items():
            strength[:, row, column] = value
        nothing = np.zeros_like(strength, dtype=np.int8)
        return Foreground.of(FlowMaps(nothing, nothing, strength, nothing[:, 0, 0]))

    def test_a_place_sees_what_stirs_there_and_not_two_cells_away(self):
        foreground = self.of({(5, 5): 100})
        near, far = (foreground.seen_at(*places(column)).stir for column in (5.5, 8.5))
        assert near.min() > far.max() + 2

    def test_what_stirs_around_a_fighter_is_not_background(self):
        own, other = (self.of({(5, column): 100}) for column in (5, 12))
        assert own.background(*places(5.5)).stir.max() < other.background(*places(5.5)).stir.min() / 4


def places(column: float, num_pictures: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return np.full((1, num_pictures), column, np.float32), np.full((1, num_pictures), 5.5, np.float32)


def test_the_camera_looks_ahead_of_where_a_fighter_faces():
    still, shown = np.zeros((1, 60), np.float32), np.ones((1, 60), np.bool_)
    right, left = (
        project(fighter_tracks(still, still, shown, {"facing": np.full((1, 60), way, np.float32)}), Camera())
        for way in (1, -1)
    )
    assert right.column[0, -1] < left.column[0, -1]


class TestWhatNoFighterTells:
    """Motion of other things while fighters stand still: one thing at a time moves at random."""

    num_frames = 400
    lag = 7

    @pytest.mark.slow
    def test_the_way_of_a_projectile_tells_the_lag(self):
        tracks = self.tracks(thing_tracks(Mover.PROJECTILE, *self.walk(), self.always()))
        assert self.told(tracks, self.seen(tracks)) == self.lag

    @pytest.mark.slow
    def test_projectiles_that_come_and_go_tell_the_lag(self):
        is_there = np.random.default_rng(5).integers(0, 2, (1, self.num_frames // 8)).astype(np.bool_)
        still = np.zeros((1, self.num_frames), np.float32)
        tracks = self.tracks(thing_tracks(Mover.PROJECTILE, still, still, np.repeat(is_there, 8, axis=1)))
        assert self.told(tracks, self.seen(tracks)) == self.lag

    @pytest.mark.slow
    def test_the_rise_of_a_platform_tells_the_lag(self):
        still, height = self.walk()
        tracks = self.tracks(thing_tracks(Mover.PLATFORM, still * 0, height, self.always()))
        assert self.told(tracks, self.seen(tracks)) == self.lag

    def test_percentages_that_change_at_the_foot_tell_the_lag(self):
        hits = np.random.default_rng(6).random((2, self.num_frames)) < 0.05
        tracks = self.tracks(percent=np.cumsum(hits, axis=1, dtype=np.float32))
        flow = self.background()
        flow.strength[hits.any(axis=0), -1, 3:5] += 100
        assert self.told(tracks, flow) == self.lag

    @pytest.mark.slow
    def test_what_is_expected_but_never_seen_tells_nothing(self):
        tracks = self.tracks(thing_tracks(Mover.PROJECTILE, *self.walk(), self.always()))
        assert self.told(tracks, self.background()) is None

    def told(self, tracks: Tracks, flow: FlowMaps) -> int | None:
        """The lag that is found if the first pictures are missing."""
        comparison = compare_motion(flow.slice(self.lag, self.num_frames), tracks)
        evidence = find_motion(comparison, 0, self.num_frames - self.lag).evidence
        return evidence.offset_frames if evidence.available else None

    def tracks(self, *things: Tracks, percent: np.ndarray | None = None) -> Tracks:
        places = np.array([[-40], [40]], np.float32).repeat(self.num_frames, axis=1)
        looks = {} if percent is None else {"percent": percent}
        return together(fighter_tracks(places, places * 0, self.always(2), looks), *things)

    def walk(self) -> tuple[np.ndarray, np.ndarray]:
        steps = np.random.default_rng(4).normal(0, 1.5, (2, self.num_frames))
        x, y = (np.abs((np.cumsum(row) + 20) % 80 - 40) for row in steps)
        return x[None].astype(np.float32), y[None].astype(np.float32)

    def always(self, num_entities: int = 1) -> np.ndarray:
        return np.ones((num_entities, self.num_frames), np.bool_)

    def background(self) -> FlowMaps:
        random, cells = np.random.default_rng(9), (self.num_frames, GRID_ROWS, GRID_COLUMNS)
        right, down = random.integers(-20, 21, (2, *cells)).astype(np.int8)
        strength = random.integers(0, 13, cells).astype(np.uint8)
        return FlowMaps(right, down, strength, np.zeros(self.num_frames, np.int8))

    def seen(self, tracks: Tracks) -> FlowMaps:
        """The flow of pictures that show the last entity under the usual camera, before a background."""
        view, flow = project(tracks, Camera()), self.background()
        is_seen = tracks.comes_or_goes[-1] | (tracks.is_shown[-1] & ~tracks.comes_or_goes.any())
        for k in np.flatnonzero(is_seen).tolist():
            place = k, int(view.row[-1, k]), int(view.column[-1, k])
            flow.right[place] = int(view.step_right[-1, k] * SHIFT_SCALE)
            flow.down[place] = int(view.step_down[-1, k] * SHIFT_SCALE)
            flow.strength[place] = 60
        return flow


class TestTheEnds:
    """Noisy sequences of 600 frames, a part of which shows something else."""

    def judged(self, foreign: slice, least_gain: float = 0.0) -> Windows:
        predicted = noise(5, 600)
        measured = 0.5 * predicted + noise(6, 600)
        measured[:, foreign] = noise(7, 600)[:, foreign]
        return judge_ends(predicted, measured.astype(np.float32), least_gain)

    def test_a_stretch_that_matches_throughout_has_no_broken_end(self):
        assert not self.judged(slice(0, 0)).start.size

    def test_a_foreign_end_is_found_where_it_begins(self):
        windows = self.judged(slice(350, None))
        assert windows.broken().tolist() == [True]
        assert abs(int(windows.start[0]) - 350) <= 45
        assert windows.exclusive_end[0] == 600

    def test_a_foreign_beginning_is_found_where_it_ends(self):
        windows = self.judged(slice(0, 250))
        assert (windows.start.tolist(), windows.broken().tolist()) == ([0], [True])
        assert abs(int(windows.exclusive_end[0]) - 250) <= 45

    def test_an_end_too_short_to_tell_is_not_judged(self):
        assert not self.judged(slice(590, None)).start.size

    def test_a_stretch_that_is_foreign_throughout_has_no_rest_to_compare_with(self):
        assert not self.judged(slice(0, None)).start.size

    @pytest.mark.parametrize("num_frames", [0, 1, 14, 15, 16])
    def test_a_few_frames_are_not_judged(self, num_frames: int):
        rows = noise(5, num_frames)
        assert not judge_ends(rows, rows, 0.2).start.size
