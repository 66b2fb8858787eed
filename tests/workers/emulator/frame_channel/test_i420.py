"""The conversion to I420 follows the standard, and the library's result equals numpy's to the bit."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.emulator.frame_channel import i420
from workers.emulator.frame_channel.i420 import i420_by_numpy, i420_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDES = st.integers(1, 40).map(lambda half: 2 * half)


def noise(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def by_the_standard(rgb: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Convert RGB, float64 [..., 3] from 0 to 255, to BT.601 limited range."""
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402


@given(SIDES, SIDES, st.integers(0, 99))
def test_the_librarys_function_is_numpys_to_the_bit(height: int, width: int, seed: int):
    if i420._library_function() is None:
        pytest.skip("the library is prebuilt for another kind of machine")
    rgba = noise(height, width, seed)
    np.testing.assert_array_equal(i420_of(rgba), i420_by_numpy(rgba))


@given(st.integers(0, 99))
def test_every_value_is_the_standards_rounded(seed: int):
    rgba = noise(16, 32, seed)
    y, u, v = by_the_standard(rgba[..., :3].astype(np.float64))
    chroma = [plane.reshape(8, 2, 16, 2).mean(axis=(1, 3)).reshape(-1) for plane in (u, v)]
    expected = np.concatenate([y.reshape(-1), *chroma])
    assert np.abs(i420_of(rgba).reshape(-1) - expected).max() < 0.52


@pytest.mark.parametrize("corner", list(itertools.product((0, 255), repeat=3)))
def test_the_corners_of_the_colour_cube_do_not_overflow(corner: tuple[int, int, int]):
    rgba = np.full((2, 16, 4), (*corner, 255), np.uint8)
    y, u, v = by_the_standard(np.array(corner, np.float64))
    found = i420_of(rgba)
    assert set(found[:2].reshape(-1)) == {round(float(y))}
    assert found[2].reshape(2, 8).tolist() == [[round(float(u))] * 8, [round(float(v))] * 8]


def test_grey_has_no_colour():
    grey = np.repeat(np.arange(256, dtype=np.uint8), 4 * 4).reshape(2, 512, 4)
    assert set(i420_of(grey)[2:].reshape(-1)) == {128}


def test_alpha_does_not_count():
    one, other = noise(4, 16, 1), noise(4, 16, 1)
    other[..., 3] = 0
    np.testing.assert_array_equal(i420_of(one), i420_of(other))


def test_where_the_library_cannot_be_loaded_numpy_converts(monkeypatch: pytest.MonkeyPatch):
    expected = i420_of(noise(4, 16, 1))
    monkeypatch.setattr(i420, "_library_function", lambda: None)
    np.testing.assert_array_equal(i420_of(noise(4, 16, 1)), expected)


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 4, 4), np.uint8), np.zeros((4, 3, 4), np.uint8), np.zeros((4, 4, 3), np.uint8),
     np.zeros((4, 4, 4), np.int16), np.zeros((4, 4), np.uint8)],
)  # fmt: skip
def test_another_kind_of_array_is_refused(array: NDArray[np.generic]):
    with pytest.raises(ValueError, match="even H and W"):
        i420_of(array)  # type: ignore[arg-type]
