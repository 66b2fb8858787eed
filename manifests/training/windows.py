"""Which windows a chunk has, and which frames each of them needs: pure arithmetic on frame indices.

A window is T = `window` steps of one chunk, `frame_step` frames apart. In front of the first step lie
`history` steps of context and `stack - 1` more for frame stacking; after the last one lie `lookahead` steps
of which only the actions are wanted. Everything that is *seen* lies within one chunk. Actions that would lie
beyond the chunk's ends are not made up: they are masked.

    seen     [start ... start + (num_seen - 1) * frame_step]      pictures and states, from `start` on
    steps    the last `history + window` of them
    actions  the steps plus `lookahead` more, each `action_shift` frames later
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
    """What a window is made of.

    Attributes:
        window: steps to learn from, T.
        stride: of a chunk's possible starts, in order, every how many-th is one.
        frame_step: frames from one step to the next.
        start: "gop" if only a key frame may be the first frame seen, "any" for any frame.
        action_shift: frames by which actions are later than the pictures of their step; 0: the action that
            causes the picture, 1: the one that answers it.
        lookahead: steps after the last one whose actions are given.
        history: steps of context in front.
        stack: pictures per step, the step's own and those before it.

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
            if getattr(self, name) < least:
                message = f"{name} is {least} or more, got {getattr(self, name)}"
                raise ValueError(message)
        if self.start not in ("gop", "any"):
            message = f"a window starts at a 'gop' or at 'any' frame, got {self.start!r}"
            raise ValueError(message)

    @property
    def num_steps(self) -> int:
        """Steps of a sample: context and window."""
        return self.history + self.window

    @property
    def num_seen(self) -> int:
        """Pictures that are read for it."""
        return self.num_steps + self.stack - 1

    @property
    def span(self) -> int:
        """Frames from the first one seen to the last, both counted."""
        return (self.num_seen - 1) * self.frame_step + 1

    def seen_frames(self, start: int) -> Int:
        """frame_index of every picture seen, int64 [num_seen]."""
        return start + np.arange(self.num_seen, dtype=np.int64) * self.frame_step

    def action_frames(self, start: int, num_frames: int) -> tuple[Int, NDArray[np.bool_]]:
        """frame_index of the action of every step and of the lookahead, and which of them do not exist.

        Returns:
            int64 [num_steps + lookahead], those beyond the chunk moved to its nearest end; bool, True there.
        """
        steps = self.stack - 1 + np.arange(self.num_steps + self.lookahead, dtype=np.int64)
        wanted = start + steps * self.frame_step + self.action_shift
        return np.clip(wanted, 0, num_frames - 1), (wanted < 0) | (wanted >= num_frames)


@dataclass(frozen=True, eq=False, slots=True)
class ChunkGrid:
    """Where windows may start, for many chunks of many games, as columns.

    Attributes:
        game: int64 [C], the game of each chunk, 0-based; chunks of a game are neighbours, games ascend.
        num_frames: int64 [C].
        gop_offset: int64 [C + 1], where each chunk's GOPs begin in `gop_first`.
        gop_first: int64 [num_gops], frame_index of each key frame.

    Raises:
        ValueError: columns that do not fit together.
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
        """How many windows each chunk has, int64 [C]; 0 where it is too short."""
        last = self.num_frames - spec.span  # greatest start that leaves room
        if spec.start == "any":
            return np.where(last >= 0, last // spec.stride + 1, 0)
        chunk_of_gop = np.repeat(np.arange(self.game.size), np.diff(self.gop_offset))
        fits = self.gop_first <= last[chunk_of_gop]
        starts = np.bincount(chunk_of_gop[fits], minlength=self.game.size)
        return (starts + spec.stride - 1) // spec.stride

    def starts(self, spec: WindowSpec, chunk: int) -> Int:
        """frame_index at which each of the chunk's windows starts, int64 [W]."""
        begin, end = int(self.gop_offset[chunk]), int(self.gop_offset[chunk + 1])
        last = int(self.num_frames[chunk]) - spec.span
        firsts = np.arange(last + 1, dtype=np.int64) if spec.start == "any" else self.gop_first[begin:end]
        return firsts[firsts <= last][:: spec.stride]

    def start_of(self, spec: WindowSpec, chunk: int, place: int) -> int:
        """frame_index at which the chunk's window `place`, 0-based, starts."""
        if spec.start == "any":
            return place * spec.stride
        return int(self.gop_first[self.gop_offset[chunk] + place * spec.stride])


@dataclass(frozen=True, eq=False, slots=True)
class WindowIndex:
    """All windows of a dataset, numbered 0 ... N - 1 by game, chunk and start.

    Attributes:
        grid: where they may start.
        spec: what they are.
        chunk_offset: int64 [C + 1], number of the first window of each chunk; the last entry is N.
        game_offset: int64 [G + 1], of each game.
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
        """N."""
        return int(self.chunk_offset[-1])

    def locate(self, window: int) -> tuple[int, int]:
        """Chunk and first frame_index of a window.

        Raises:
            IndexError: no such window.
        """
        if not 0 <= window < self.num_windows:
            message = f"window {window} of {self.num_windows}"
            raise IndexError(message)
        chunk = int(np.searchsorted(self.chunk_offset, window, side="right")) - 1
        return chunk, self.grid.start_of(self.spec, chunk, window - int(self.chunk_offset[chunk]))
