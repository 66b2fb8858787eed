"""Compute where a game is cut into chunks, from frame counts alone."""

from __future__ import annotations

from dataclasses import dataclass

GOP_FRAMES = 30
"""Frames of a closed group of pictures; every chunk except the last is a whole number of groups."""

DEFAULT_FRAMES_PER_CHUNK = 3600
"""The default length of a chunk: one minute of play."""


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """Frames `[start, exclusive_end)` of a game, counted from 0 at slp_frame -123.

    Attributes:
        chunk_number: 0-based position of the chunk in its game.
        start: first frame.
        exclusive_end: one past the last frame.

    Raises:
        ValueError: the span is empty or begins before the game.
    """

    chunk_number: int
    start: int
    exclusive_end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.exclusive_end or self.chunk_number < 0:
            message = f"a chunk is a non-empty span of a game, got [{self.start}, {self.exclusive_end})"
            raise ValueError(message)

    @property
    def num_frames(self) -> int:
        """How many frames the chunk has."""
        return self.exclusive_end - self.start


def chunk_spans(num_frames: int, frames_per_chunk: int = DEFAULT_FRAMES_PER_CHUNK) -> tuple[ChunkSpan, ...]:
    """Cut a game of `num_frames` into spans of `frames_per_chunk`; the last span may be shorter.

    Raises:
        ValueError: the game is empty, or `frames_per_chunk` is not a positive multiple of GOP_FRAMES.
    """
    if num_frames < 1:
        message = f"a game has at least one frame, got {num_frames}"
        raise ValueError(message)
    if frames_per_chunk < GOP_FRAMES or frames_per_chunk % GOP_FRAMES:
        message = f"frames per chunk must be a positive multiple of {GOP_FRAMES}, got {frames_per_chunk}"
        raise ValueError(message)
    starts = range(0, num_frames, frames_per_chunk)
    return tuple(
        ChunkSpan(number, start, min(start + frames_per_chunk, num_frames))
        for number, start in enumerate(starts)
    )
