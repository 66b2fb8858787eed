"""`farm bench slots` chooses the best number of slots from its measurements."""

from __future__ import annotations

import pytest

from farm.bench.slots import SlotsTrial, best_number


@pytest.mark.parametrize(
    ("frames_per_second", "best"),
    [
        ([100], 1),
        ([100, 190, 270], 3),
        ([100, 190, 195], 2),  # more frames a second, but within the noise
        ([100, 90, 80], 1),
        ([100, 104, 108], 3),  # many small gains add up
    ],
)
def test_a_slot_more_must_be_worth_it(frames_per_second: list[float], best: int):
    rows = [SlotsTrial(number, 1.0, pace) for number, pace in enumerate(frames_per_second, 1)]
    assert best_number(rows) == best
