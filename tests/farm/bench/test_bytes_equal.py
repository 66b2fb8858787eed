"""Two ways to encode are compared at equal bytes, so that a way does not seem better by spending more."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.bench._bytes_equal import at_bytes, regions_beside_plain
from farm.bench._bytes_trial import BytesTrial
from tests.farm.bench.bytes_trials import bytes_trial

SIZES = st.lists(st.integers(100, 10**6), min_size=1, max_size=8, unique=True)


@given(SIZES, st.data())
def test_quality_lies_between_that_of_the_next_smaller_and_the_next_larger(
    sizes: list[int], data: st.DataObject
):
    values = [10 * np.log(size) for size in sizes]
    asked = data.draw(st.integers(min(sizes), max(sizes)))
    assert at_bytes(asked, sizes, values) == pytest.approx(10 * np.log(asked))


@given(SIZES, st.integers(1, 10**6 + 1))
def test_nothing_is_said_of_bytes_outside_what_is_known(sizes: list[int], asked: int):
    is_within = min(sizes) <= asked <= max(sizes)
    assert (at_bytes(asked, sizes, [1.0] * len(sizes)) is not None) == is_within


@given(SIZES)
def test_the_order_of_encodings_does_not_matter(sizes: list[int]):
    values = [float(size % 97) for size in sizes]
    middle = (min(sizes) + max(sizes)) / 2
    assert at_bytes(middle, sizes, values) == at_bytes(middle, sizes[::-1], values[::-1])


def plain_pair(**changes: Any) -> list[BytesTrial]:
    return [
        bytes_trial(bytes_per_frame=size, psnr_db=decibels, ssim=ssim, ssim_fighters=ssim, **changes)
        for size, decibels, ssim in ((1000.0, 35.0, 0.9), (4000.0, 41.0, 0.96))
    ]


def test_regions_that_give_what_their_bytes_would_give_anyway_gain_nothing():
    regions = bytes_trial(
        bytes_per_frame=2000.0, psnr_db=38.0, ssim=0.93, ssim_fighters=0.95, region_offset=-0.1
    )
    ((trial, gain),) = regions_beside_plain([*plain_pair(), regions])
    assert trial is regions
    assert (gain.psnr_db, gain.ssim, gain.vmaf) == (pytest.approx(0), pytest.approx(0), None)
    assert gain.ssim_fighters == pytest.approx(0.02)


@pytest.mark.parametrize(
    "other",
    [
        {"preset": "medium"},
        {"height": 288},
        {"gop_pictures": 60},
        {"b_frames": 2},
        {"refreshes_within": True},
    ],
)
def test_regions_are_compared_with_nothing_but_their_own_kind(other):
    regions = bytes_trial(bytes_per_frame=2000.0, region_offset=-0.1)
    ((_, gain),) = regions_beside_plain([*plain_pair(**other), regions])
    assert set(astuple(gain)) == {None}
