"""Cut the chunks of a game into short pieces, which MIRA calls chunks: pure arithmetic on frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece: consecutive frames of one chunk of the dataset.

    Attributes:
        chunk: number of the chunk among those that were opened.
        start: frame_index of the first frame, in the chunk.
        exclusive_end: one past the frame_index of the last frame.
        slp_frame_start: slp_frame of the first frame.

    Raises:
        ValueError: the piece has no frame.
    """

    chunk: int
    start: int
    exclusive_end: int
    slp_frame_start: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.exclusive_end:
            message = f"a piece has frames of a chunk, got [{self.start}, {self.exclusive_end})"
            raise ValueError(message)

    @property
    def num_frames(self) -> int:
        """Number of the dataset's frames in the piece."""
        return self.exclusive_end - self.start

    @property
    def exclusive_end_slp_frame(self) -> int:
        """One past the slp_frame of the last frame."""
        return self.slp_frame_start + self.num_frames

    def num_steps(self, frame_step: int) -> int:
        """Count the exported pictures: every `frame_step`-th frame has one, from the first frame on."""
        return -(-self.num_frames // frame_step)


def cut_chunk(chunk: int, num_frames: int, slp_frame_start: int, piece_frames: int) -> Iterator[Piece]:
    """Cut a chunk into pieces of `piece_frames`; the last piece may be shorter.

    No piece reaches into the next chunk, whose pictures are in another file.
    """
    for start in range(0, num_frames, piece_frames):
        yield Piece(chunk, start, min(start + piece_frames, num_frames), slp_frame_start + start)
