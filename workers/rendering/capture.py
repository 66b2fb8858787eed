"""Encode the emulator's pictures into chunk files, in a single pass over the pictures."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.sei import FrameMark
from workers.emulator.contract import Picture
from workers.rendering.encode import ChunkEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from workers.align.collector import EvidenceCollector
    from workers.emulator.contract import LogLine
    from workers.rendering.chunk import ChunkSpan
    from workers.rendering.encode import VideoSettings


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """One span of the game as an mp4 file in scratch, not yet proved.

    Attributes:
        span: the frames that it holds.
        video: the mp4 file.
        crop_rows: number of rows that were cut off the bottom of each picture, with the stamp.
    """

    span: ChunkSpan
    video: Path
    crop_rows: int = 0


def capture(
    events: Iterable[Picture | LogLine],
    spans: Sequence[ChunkSpan],
    folder: Path,
    settings: VideoSettings,
    collector: EvidenceCollector,
    game_id: str | None = None,
    *,
    crop_rows: int = 0,
    watch: Callable[[Picture], None] = lambda _picture: None,
) -> tuple[EncodedChunk, ...]:
    """Encode the pictures of each span into a file of its own, and show everything to the collector.

    Pictures beyond the last span (the emulator's hold) are shown to the collector, but not encoded. Only one
    picture is in memory at a time.

    Args:
        events: pictures with capture_index 0, 1, 2, ... and log lines, in order of arrival.
        spans: a partition of the game; capture_index 0 is frame 0 of the first.
        folder: where the files are written.
        settings: the choices that the video contract leaves open.
        collector: takes note of every event.
        game_id: the game's id, with which every key frame is marked; None for no marks.
        crop_rows: rows at the bottom of each picture that the collector sees, but that are not encoded.
        watch: function that is also called with every picture, for people who watch the run.

    Returns:
        One encoded chunk per span.

    Raises:
        RenderFailed: the encoder failed.
        ValueError: the events ended before the spans did (an emulator must raise an error instead).
    """
    done: list[EncodedChunk] = []
    waiting = iter(spans)
    span = next(waiting, None)
    with ExitStack() as stack:
        encoder: ChunkEncoder | None = None
        for event in events:
            if not isinstance(event, Picture):
                collector.log(event)
                continue
            collector.picture(event)
            watch(event)
            if span is None:
                continue
            if encoder is None:
                video = folder / f"chunk-{span.chunk_number:04d}.mp4"
                # The first frame's mark; the encoder derives the later marks from it.
                mark = None if game_id is None else FrameMark(span.start + FIRST_SLP_FRAME, game_id)
                rows = event.height - crop_rows
                encoder = stack.enter_context(
                    ChunkEncoder(video, settings, width=event.width, height=rows, mark=mark)
                )
            encoder.write(event.without_bottom(crop_rows))
            if event.capture_index + 1 == span.exclusive_end:
                encoder.close()
                done.append(EncodedChunk(span, video, crop_rows))
                encoder, span = None, next(waiting, None)
    if span is not None:
        message = f"the emulator ended in the middle of frames [{span.start}, {span.exclusive_end})"
        raise ValueError(message)
    return tuple(done)
