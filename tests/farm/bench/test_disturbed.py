"""Each disturbance that the alignment bench puts on copies of a picture does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from farm.bench._disturbed import DISTURBANCES, Disturbed

PICTURE = np.random.default_rng(3).integers(0, 256, (96, 128), dtype=np.uint8)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_disturbed_picture_is_a_picture_and_the_original_stays(name: str):
    before = PICTURE.copy()
    seen = Disturbed(name)(PICTURE)
    assert seen.dtype == np.uint8
    assert not np.array_equal(seen, PICTURE)
    assert np.array_equal(PICTURE, before)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_the_same_pictures_are_disturbed_alike(name: str):
    first, second = Disturbed(name), Disturbed(name)
    for _ in range(3):
        assert np.array_equal(first(PICTURE), second(PICTURE))


@pytest.mark.parametrize(("name", "gain"), [("darker", 0.8), ("brighter", 1.2)])
def test_brightness_is_scaled_and_clipped(name: str, gain: float):
    seen = Disturbed(name)(PICTURE).astype(float)
    assert np.abs(seen - np.clip(PICTURE * gain, 0, 255)).max() <= 1


def test_half_the_size_is_the_mean_of_four_pixels():
    seen = Disturbed("half size")(np.array([[1, 3], [5, 7]], np.uint8))
    assert seen.tolist() == [[4]]
    assert Disturbed("half size")(PICTURE).shape == (48, 64)


def test_an_overlay_covers_about_a_third_and_moves():
    disturb = Disturbed("overlay")
    flat = np.zeros((96, 128), np.uint8)
    first, second = disturb(flat), disturb(flat)
    assert (first > 0).mean() == pytest.approx(0.3, abs=0.03)
    assert np.array_equal(np.roll(first, (3, 5), axis=(0, 1)), second)
