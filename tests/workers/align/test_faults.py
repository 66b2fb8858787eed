"""Each fault does what its name says, to a schedule of frames and to a stream of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.faulty_stream import inject
from workers.align.faults import Fault, FaultKind, schedule
from workers.emulator.contract import LogLine, Picture


def yuv(number: int, game: int = 0) -> np.ndarray:
    picture = np.full((720, 640), 16, np.uint8)
    picture[0, :3] = number >> 8, number & 0xFF, game
    return picture


def number_of(picture: Picture) -> tuple[int, int]:
    high, low, game = (int(value) for value in picture.yuv[0, :3])
    return high << 8 | low, game


def stream(num_pictures: int, game: int = 0):
    for k in range(num_pictures):
        yield LogLine(k - 1, f"[CURRENT_FRAME] {k - 123}")
        yield Picture(k, yuv(k, game))


FAULTS = st.builds(
    Fault,
    st.sampled_from([kind for kind in FaultKind if kind is not FaultKind.SHIFT]),
    st.integers(0, 50),
    st.integers(1, 12),
) | st.builds(Fault, st.just(FaultKind.SHIFT), st.just(0), st.integers(-12, 12).filter(bool))


@settings(max_examples=30)
@given(FAULTS)
def test_stream_and_schedule_agree(fault: Fault):
    plan = schedule(fault, 60)
    events = list(inject(stream(60), fault, 60, stream(60, game=1)))
    pictures = [event for event in events if isinstance(event, Picture)]
    assert [picture.capture_index for picture in pictures] == list(range(60))
    assert [number_of(picture) for picture in pictures] == list(
        zip(plan.source.tolist(), plan.is_other.astype(int).tolist(), strict=True)
    )
    lines = [event for event in events if isinstance(event, LogLine)]
    before = np.concatenate([[0], plan.num_shown[:-1]])
    assert [line.newest_capture_index for line in lines] == (before - 1).tolist()


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (Fault(FaultKind.DROP, 2, 2), [0, 1, 4, 5, 6, 7, 7, 7]),
        (Fault(FaultKind.REPEAT, 2, 2), [0, 1, 2, 2, 2, 3, 4, 5]),
        (Fault(FaultKind.SWAP, 2), [0, 1, 3, 2, 4, 5, 6, 7]),
        (Fault(FaultKind.FREEZE, 2, 2), [0, 1, 2, 2, 2, 5, 6, 7]),
        (Fault(FaultKind.SHIFT, 0, 3), [3, 4, 5, 6, 7, 7, 7, 7]),
        (Fault(FaultKind.SHIFT, 0, -2), [0, 0, 0, 1, 2, 3, 4, 5]),
        (Fault(FaultKind.SLOW, 2, 2), [0, 1, 2, 2, 3, 3, 4, 5]),
        (Fault(FaultKind.SLIP, 2, 3), [0, 1, 3, 4, 5, 5, 6, 7]),
        (Fault(FaultKind.DESYNC, 6), [0, 1, 2, 3, 4, 5, 6, 7]),
        (None, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_what_each_fault_shows(fault: Fault | None, shown: list[int]):
    plan = schedule(fault, 8)
    assert plan.source.tolist() == shown
    assert plan.is_other.sum() == (2 if fault is not None and fault.kind is FaultKind.DESYNC else 0)


@pytest.mark.parametrize(
    ("kind", "at", "length"),
    [(FaultKind.DROP, -1, 1), (FaultKind.DROP, 3, 0), (FaultKind.SLOW, 3, -1), (FaultKind.SHIFT, 3, 1)],
)
def test_a_fault_that_is_none_fails(kind: FaultKind, at: int, length: int):
    with pytest.raises(ValueError, match=str(kind)):
        Fault(kind, at, length)
