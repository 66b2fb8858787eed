"""Which windows a chunk has, and which frames each window needs: pure arithmetic on frame indices.

A window is T = `window` steps of one chunk, `frame_step` frames apart. In front of the first step there are
`history` steps of context, and `stack - 1` more pictures if pictures are stacked. After the last step there
are `lookahead` steps, of which only the actions are wanted. All pictures and states of a window are in one
chunk. Actions that would be beyond the chunk's ends are not made up but masked.

    seen     frames whose pictures are read: start, start + frame_step, ... (num_seen of them)
    steps    the last `history + window` of the frames seen
    actions  frames whose inputs are given: the steps and `lookahead` more, each moved by `action_shift`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """What a window is made of, and where windows start.

    Attributes:
        window: number of steps to learn from, T.
        stride: 1 for a window at every possible start in a chunk, 2 for one at every second start, and so on.
        frame_step: frames from one step to the next; 1 for 60 steps per second.
        start: where a window may start: "gop" at key frames alone, which are cheapest to read, or "any".
        action_shift: how many frames later than its step's picture an action is: 0 for the action that led to
            the picture, 1 for the action that answers it.
        lookahead: number of further steps, after the last one, whose actions are given.
        history: number of steps of context in front of the first one.
        stack: number of pictures per step: the step's own, and those before it.

    Raises:
        ValueError: a number out of its range.
    """

    window: int = 16
    stride: int = 1
    frame_step: int = 1
    start: Literal["gop", "any"] = "gop"
    action_shift: int = 0
    lookahead: int = 0
    history: int = 0
    stack: int = 1

    def __post_init__(self) -> None:
        for name, least in (("window", 1), ("stride", 1), ("frame_step", 1), ("lookahead", 0),
                            ("history", 0), ("stack", 1)):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                message = f"{name} is a whole number, {least} or more; got {value!r}"
                raise ValueError(message)
        if self.start not in ("gop", "any"):
            message = f"a window starts at a 'gop' or at 'any' frame, got {self.start!r}"
            raise ValueError(message)

    @property
    def num_steps(self) -> int:
        """Number of steps of a sample, its context included."""
        return self.history + self.window

    @property
    def num_seen(self) -> int:
        """Number of pictures that are read for a window."""
        return self.num_steps + self.stack - 1

    @property
    def span(self) -> int:
        """Number of frames from the first one seen to the last, both counted."""
        return (self.num_seen - 1) * self.frame_step + 1

    def seen_frames(self, start: int) -> Int:
        """Give the frame_index of every picture that is seen, int64 [num_seen]."""
        return start + np.arange(self.num_seen, dtype=np.int64) * self.frame_step

    def action_frames(self, start: int, num_frames: int) -> tuple[Int, NDArray[np.bool_]]:
        """Give the frame_index of every action, and which of these frames do not exist.

        Returns:
            int64 [num_steps + lookahead], where frames beyond the chunk are replaced by its nearest end; and
            bool of the same shape, True for those.
        """
        steps = self.stack - 1 + np.arange(self.num_steps + self.lookahead, dtype=np.int64)
        wanted = start + steps * self.frame_step + self.action_shift
        return np.clip(wanted, 0, num_frames - 1), (wanted < 0) | (wanted >= num_frames)


@dataclass(frozen=True, eq=False, slots=True)
class ChunkGrid:
    """Where windows may start in each of C chunks.

    Attributes:
        game: int64 [C], the game of each chunk, counted from 0; it never decreases.
        num_frames: int64 [C], the length of each chunk.
        gop_offset: int64 [C + 1], the place in `gop_first` at which each chunk's key frames begin.
        gop_first: int64 [num_gops], the frame_index of each key frame, chunk after chunk.

    Raises:
        ValueError: the columns do not fit together.
    """

    game: Int
    num_frames: Int
    gop_offset: Int
    gop_first: Int

    def __post_init__(self) -> None:
        fits = self.game.size == self.num_frames.size == self.gop_offset.size - 1
        if not fits or (np.diff(self.game) < 0).any() or self.gop_offset[-1] != self.gop_first.size:
            message = (
                f"{self.game.size} chunks, {self.num_frames.size} lengths, {self.gop_offset.size} offsets"
            )
            raise ValueError(message)

    def windows_per_chunk(self, spec: WindowSpec) -> Int:
        """Count the windows of each chunk, int64 [C]; 0 for a chunk that is too short."""
        last = (
            self.num_frames - spec.span
        )  # the last start after which a whole window is left; may be below 0
        if spec.start == "any":
            return np.where(last >= 0, last // spec.stride + 1, 0)
        # For key frames, count those of each chunk that leave room for a whole window.
        chunk_of_gop = np.repeat(np.arange(self.game.size), np.diff(self.gop_offset))
        fits = self.gop_first <= last[chunk_of_gop]
        starts = np.bincount(chunk_of_gop[fits], minlength=self.game.size)
        return (starts + spec.stride - 1) // spec.stride

    def starts(self, spec: WindowSpec, chunk: int) -> Int:
        """Give the frame_index at which each of the chunk's W windows starts, int64 [W]."""
        begin, end = int(self.gop_offset[chunk]), int(self.gop_offset[chunk + 1])
        last = int(self.num_frames[chunk]) - spec.span
        firsts = np.arange(last + 1, dtype=np.int64) if spec.start == "any" else self.gop_first[begin:end]
        return firsts[firsts <= last][:: spec.stride]

    def start_of(self, spec: WindowSpec, chunk: int, place: int) -> int:
        """Give the frame_index at which the chunk's window number `place` starts, counted from 0."""
        if spec.start == "any":
            return place * spec.stride
        return int(self.gop_first[self.gop_offset[chunk] + place * spec.stride])


@dataclass(frozen=True, eq=False, slots=True)
class WindowIndex:
    """All windows of a dataset, numbered from 0 by game, chunk and start.

    Attributes:
        grid: where windows may start.
        spec: what a window is.
        chunk_offset: int64 [C + 1], the number of each chunk's first window; at the end, of all windows.
        game_offset: int64 [G + 1], the number of each game's first window; at the end, of all windows.
    """

    grid: ChunkGrid
    spec: WindowSpec
    chunk_offset: Int
    game_offset: Int

    @classmethod
    def of(cls, grid: ChunkGrid, spec: WindowSpec, num_games: int) -> WindowIndex:
        """Number the windows of `num_games` games."""
        chunk_offset = np.concatenate([[0], np.cumsum(grid.windows_per_chunk(spec))]).astype(np.int64)
        first_chunk = np.searchsorted(grid.game, np.arange(num_games + 1))
        return cls(grid, spec, chunk_offset, chunk_offset[first_chunk])

    @property
    def num_windows(self) -> int:
        """Number of windows of the dataset."""
        return int(self.chunk_offset[-1])

    def locate(self, window: int) -> tuple[int, int]:
        """Find the chunk of a window, and the frame_index at which it starts.

        Raises:
            IndexError: there is no window of that number.
        """
        if not 0 <= window < self.num_windows:
            message = f"no window {window}; there are {self.num_windows}, counted from 0"
            raise IndexError(message)
        # side="right" passes over chunks without windows, whose offset is that of the next chunk.
        chunk = int(np.searchsorted(self.chunk_offset, window, side="right")) - 1
        return chunk, self.grid.start_of(self.spec, chunk, window - int(self.chunk_offset[chunk]))
