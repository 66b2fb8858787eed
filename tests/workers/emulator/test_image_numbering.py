"""The frame that each dumped image shows is found from the lines, whatever came before the game."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from workers.emulator.contract import LogLine
from workers.emulator.dump_watcher import DumpedImage, DumpEvent, PrintedLine
from workers.emulator.image_numbering import (
    NUM_LINES,
    CapturedImage,
    ImageNumbering,
    first_image_number,
)
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from collections.abc import Iterable


def playback(num_before: int, num_frames: int, late: frozenset[int] = frozenset()) -> Iterable[DumpEvent]:
    """Yield a right playback: image `num_before + 1` is slp_frame -123, and each PNG names its slp_frame.

    At frames in `late` the image that should be there has not begun when the line is printed.
    """
    for number in range(1, num_before + 1):
        yield DumpedImage(number, b"waiting")
    for slp_frame in range(-123, num_frames - 123 + 4):
        own = num_before + 1 + slp_frame + 123
        yield PrintedLine(max(0, own - 2 - (slp_frame in late)), f"[CURRENT_FRAME] {slp_frame}")
        if own - 1 > num_before:
            yield DumpedImage(own - 1, str(slp_frame - 1).encode())


def captured(events: Iterable[DumpEvent], end: int | None = None) -> list[CapturedImage | LogLine]:
    numbering = ImageNumbering()
    found: list[CapturedImage | LogLine] = []
    for event in events:
        is_last = end is not None and isinstance(event, PrintedLine) and event.text.endswith(f" {end}")
        found += numbering.feed(event, is_last=is_last)
    return found


@pytest.mark.slow
@given(num_before=st.integers(0, 300), late=st.frozensets(st.integers(-123, -123 + NUM_LINES), max_size=20))
def test_the_first_image_is_found_whatever_was_shown_before(num_before: int, late: frozenset[int]):
    images = [one for one in captured(playback(num_before, 200, late)) if isinstance(one, CapturedImage)]
    assert [(image.capture_index, int(image.png)) for image in images[:200]] == [
        (k, k - 123) for k in range(200)
    ]


def test_a_game_shorter_than_the_calibration_is_numbered_at_its_end():
    images = [one for one in captured(playback(9, 20), end=-103) if isinstance(one, CapturedImage)]
    assert images[0] == CapturedImage(0, b"-123")


def test_lines_are_handed_on_in_order_with_the_constant_lag():
    lines = [one for one in captured(playback(5, 200)) if isinstance(one, LogLine)]
    frames = [int(line.text.split()[1]) for line in lines]
    assert frames == list(range(-123, -123 + len(frames)))
    assert {
        line.newest_capture_index - (n + 123) for line, n in zip(lines, frames, strict=True) if n > -120
    } == {-2}


@pytest.mark.slow
@given(st.integers(0, 50), st.frozensets(st.integers(-123, 60), max_size=20))
def test_a_line_follows_the_newest_image_that_had_begun_before_it(num_before: int, late: frozenset[int]):
    def written_late(events: Iterable[DumpEvent]) -> Iterable[DumpEvent]:
        """Delay the images: each is complete only after the line at which its file had been begun."""
        held: DumpEvent | None = None
        for event in events:
            if isinstance(event, DumpedImage) and held is None:
                held = event
                continue
            yield event
            if held is not None:
                yield held
                held = None

    newest = -1
    for event in captured(written_late(playback(num_before, 200, late))):
        if isinstance(event, CapturedImage):
            newest = event.capture_index
        else:
            assert event.newest_capture_index == newest


def test_lines_before_the_first_image_carry_minus_one():
    lines = [one for one in captured(playback(5, 200)) if isinstance(one, LogLine)]
    assert lines[0].newest_capture_index == -1


def test_a_missing_image_fails():
    events = [one for one in playback(5, 200) if not (isinstance(one, DumpedImage) and one.number == 100)]
    with pytest.raises(EmulatorFailed, match=r"dumped image 101 came where 100 is due") as failure:
        captured(events)
    assert failure.value.reason is Reason.MISALIGNED


def test_lines_without_a_constant_distance_fail():
    with pytest.raises(EmulatorFailed, match=r"keep no constant distance"):
        first_image_number([(n, 7 * n % 31) for n in range(60)])


def test_no_lines_fail():
    with pytest.raises(EmulatorFailed, match=r"0 of 0 agree"):
        first_image_number([])
