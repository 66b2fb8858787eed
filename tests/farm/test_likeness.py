"""The measures of likeness call equal pictures perfect, and pictures with more noise less alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.likeness import psnr, squared_error, ssim_map


def noise(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def test_a_picture_that_is_the_same_is_perfect():
    assert psnr(squared_error(noise(1), noise(1))) == math.inf
    np.testing.assert_allclose(ssim_map(noise(1), noise(1)), 1.0, atol=1e-5)


def test_psnr_is_that_of_the_mean_squared_difference():
    one = np.full((4, 4), 100, np.uint8)
    assert squared_error(one, one + 10) == 100
    assert psnr(100.0) == pytest.approx(10 * math.log10(255**2 / 100))


@given(st.integers(0, 99))
def test_more_noise_is_less_alike(seed: int):
    flat = np.full((48, 64), 128, np.int64)
    jitter = np.random.default_rng(seed).integers(-1, 2, flat.shape)
    little, much = ((flat + scale * jitter).astype(np.uint8) for scale in (4, 40))
    base = flat.astype(np.uint8)
    assert ssim_map(base, little).mean() > ssim_map(base, much).mean()
