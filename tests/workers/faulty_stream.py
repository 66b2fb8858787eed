"""Puts a fault, such as a lost or doubled picture, into an emulator's stream of pictures and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.align.faults import Fault, FaultKind
from workers.emulator.contract import LogLine, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def inject(
    events: Iterable[Picture | LogLine],
    fault: Fault,
    num_pictures: int,
    other: Iterable[Picture | LogLine] = (),
) -> Iterator[Picture | LogLine]:
    """Put a fault into a stream while it is read, keeping at most two pictures in memory.

    Args:
        events: a faultless stream, in order of arrival.
        fault: what goes wrong.
        num_pictures: how many pictures come out: the last is repeated, or the rest left out, as needed.
        other: for DESYNC, the other game's stream; at its end its last picture is repeated.
    """
    others = (event for event in other if isinstance(event, Picture))
    kept: dict[int, Picture] = {}
    shown, latest = 0, None
    for event in events:
        if isinstance(event, LogLine):
            yield LogLine(shown - 1, event.text)
            continue
        picture = event
        if fault.kind is FaultKind.DESYNC:
            following = next(others, None)
            kept[-1] = following if following is not None else kept.get(-1, picture)
            picture = kept[-1] if event.capture_index >= fault.at else picture
        elif event.capture_index == fault.at:
            kept[fault.at] = picture
        for index in fault.shown_in_turn(event.capture_index):
            if shown < num_pictures:
                latest = kept[index] if index != event.capture_index else picture
                yield Picture(shown, latest.yuv, latest.slp_frame_asked)
                shown += 1
    while latest is not None and shown < num_pictures:
        yield Picture(shown, latest.yuv, latest.slp_frame_asked)
        shown += 1
