"""Two pictures that changed places are found from the pictures alone, since a motion goes on smoothly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.align.painted_game import measured, pictures_of, state_of
from workers.align.motion.evidence import compare_motion, find_motion
from workers.align.motion.flow_maps import FlowMaps, join
from workers.align.motion.flow_meter import FlowMeter
from workers.align.motion.movers import tracks_of
from workers.align.motion.picture_order import ONWARD_SCALE, measure_onward, swapped_places
from workers.align.motion.thumbnails import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH
from workers.align.motion.tracks import shaken

SEED = 3


def pans(places: list[float], brightness: list[float] | None = None) -> FlowMaps:
    """The flow of pictures of a smooth texture, seen from these places, one per picture, with this light."""
    column, row = np.meshgrid(np.arange(THUMBNAIL_WIDTH), np.arange(THUMBNAIL_HEIGHT))
    meter = FlowMeter()
    for place, light in zip(places, brightness or [1.0] * len(places), strict=True):
        wave = np.sin((column + place) / 9) * np.cos(row / 7) + np.sin((column + place) / 23)
        meter.add_thumbnail(np.rint((100 + 30 * wave) * light).astype(np.uint8))
    return meter.maps()


def swapped_at(order: list[int], at: int) -> list[int]:
    return [*order[:at], order[at + 1], order[at], *order[at + 2 :]]


def test_a_steady_way_goes_on():
    assert pans([2.0 * k for k in range(20)]).onward[3:].min() > 0.9 * ONWARD_SCALE


@pytest.mark.slow
@given(at=st.integers(3, 34), speed=st.floats(1, 3) | st.floats(-3, -1))
def test_two_pictures_that_changed_places_are_found_where_they_did(at: int, speed: float):
    places = [speed * k for k in swapped_at(list(range(40)), at)]
    assert swapped_places(pans(places).onward).tolist() == [at]


@pytest.mark.slow
@given(st.lists(st.floats(0, 3), min_size=20, max_size=40))
def test_a_way_that_never_turns_is_in_order_however_it_jerks(speeds: list[float]):
    assert not swapped_places(pans(np.cumsum(speeds).tolist()).onward).size


@pytest.mark.parametrize("num_pictures", [0, 1, 2, 3, 4, 5])
def test_a_few_pictures_are_in_order(num_pictures: int):
    assert not swapped_places(pans([2.0 * k for k in range(num_pictures)]).onward).size


def test_what_trembles_is_in_order():
    tremble = [0.0] * 20 + [3, -3, 2.5, -2.5, 2, -2, 1.5, -1.5, 1, -1] + [0.0] * 20
    assert not swapped_places(pans([k / 4 + shake for k, shake in enumerate(tremble)]).onward).size


def test_a_flash_that_fades_is_in_order():
    light = [1.0] * 20 + [1.5, 1.25, 1.12, 1.06, 1.03] + [1.0] * 20
    assert not swapped_places(pans([k * 0.5 for k in range(45)], light).onward).size


def test_a_camera_that_turns_round_is_in_order():
    assert not swapped_places(pans([float(abs(k - 20)) * 2 for k in range(40)]).onward).size


def test_pictures_shown_twice_are_in_order():
    assert not swapped_places(pans([2.0 * (k // 2) for k in range(40)]).onward).size


def test_the_first_picture_has_nothing_before_it():
    assert measure_onward(np.zeros((4, THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH), np.uint8)).tolist() == [0]


def four_pictures(*levels: int, num_cells: int = 1) -> np.ndarray:
    """Four pictures that differ only in a few cells, which have these levels."""
    pictures = np.full((4, THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH), 100, np.uint8)
    pictures.reshape(4, -1)[:, :num_cells] = np.array(levels)[:, None]
    return pictures


def test_the_faintest_motion_that_goes_on_has_a_cosine_of_one():
    assert measure_onward(four_pictures(0, 1, 2, 3)).tolist() == [127]


@pytest.mark.parametrize(
    ("levels", "onward"),
    [
        ((0, 30, 20, 12), 0),  # a tremble: a ratio of 1.2
        ((0, 30, 20, 15), -127),  # a ratio of 1.5
        ((0, 30, 20, 46), -127),  # a ratio of 4.6
        ((0, 30, 20, 55), 0),  # a camera that turns round: 5.5
        ((0, 20, 30, 55), 127),
    ],
)
def test_going_back_counts_if_the_whole_way_is_neither_too_short_nor_too_long(
    levels: tuple[int, ...], onward: int
):
    assert measure_onward(four_pictures(*levels)).tolist() == [onward]


def test_batches_make_no_difference():
    places = [2.0 * k for k in range(30)]
    whole = pans(places)
    assert np.array_equal(join([whole.slice(0, 11), whole.slice(11, 30)]).onward, whole.onward)
    thumbnails = FlowMeter()
    for _ in range(2):
        thumbnails.add_thumbnail(np.zeros((THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH), np.uint8))
    assert thumbnails.maps().onward.tolist() == [0, 0]


class TestInAGame:
    @pytest.mark.slow
    def test_the_motion_evidence_names_the_frame(self):
        evidence = self.found(swapped_at(list(range(len(pictures_of(SEED)))), self.moving_frame()), "motion")
        assert (evidence.offset_frames, evidence.disagrees) == (0, True)
        assert evidence.first_disagreement_slp_frame == self.moving_frame() - 123

    @pytest.mark.slow
    def test_an_encoders_own_errors_are_not_taken_for_it(self):
        order = swapped_at(list(range(len(pictures_of(SEED)))), self.moving_frame())
        assert self.found(order, "encoded_motion").agrees

    @pytest.mark.slow
    def test_a_chunk_without_it_agrees(self):
        order = swapped_at(list(range(len(pictures_of(SEED)))), self.moving_frame())
        comparison = compare_motion(self.seen(order), tracks_of(state_of(SEED)))
        start, middle, end = 0, self.moving_frame(), state_of(SEED).num_frames
        parts = [(start, middle - 20), (middle + 20, end)]
        assert not any(find_motion(comparison, *part).evidence.disagrees for part in parts)

    @pytest.mark.slow
    def test_after_a_hit_it_may_be_the_camera_that_trembles(self):
        hits = np.zeros(state_of(SEED).num_frames, np.float32)
        hits[self.moving_frame() - 10] = 1
        tracks = replace(tracks_of(state_of(SEED)), num_hit=hits)
        order = swapped_at(list(range(len(pictures_of(SEED)))), self.moving_frame())
        assert not compare_motion(self.seen(order), tracks).swapped.size

    def found(self, order: list[int], name: str):  # type: ignore[no-untyped-def]
        comparison = compare_motion(self.seen(order), tracks_of(state_of(SEED)))
        return find_motion(comparison, 0, state_of(SEED).num_frames, name=name).evidence  # type: ignore[arg-type]

    def seen(self, order: list[int]) -> FlowMaps:
        return measured([pictures_of(SEED)[k] for k in order])

    def moving_frame(self) -> int:
        onward = measured(pictures_of(SEED)).onward.astype(int)
        onward[shaken(tracks_of(state_of(SEED)), 40)] = 0
        steady = np.lib.stride_tricks.sliding_window_view(onward[300:900], 8).min(axis=1)
        return 300 + int(np.argmax(steady)) + 2
