"""Compute which windows a chunk has, and which frames each window needs: pure arithmetic on frame indices.

A window is T = `window` steps of one chunk, `frame_step` frames apart. In front of the first step there are
`history` steps of context, and `stack - 1` more pictures if pictures are stacked. After the last step there
are `lookahead` steps, of which only the actions are given. All pictures and states of a window are in one
chunk. Actions beyond the chunk's ends are masked, not made up.

    seen     frames whose pictures are read: start, start + frame_step, ... (num_seen of them)
    steps    the last `history + window` of the frames seen
    actions  frames whose inputs are given: the steps and `lookahead` more, each moved by `action_shift`; with
             actions="every" or "any", the `frame_step` frames that end there
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from manifests.state.schema import FRAMES_PER_SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """The length and parts of a window, and the places where windows may start.

    Attributes:
        window: number of steps to learn from, T.
        stride: 1 for a window at every possible start in a chunk, 2 for one at every second start, and so on.
        frame_step: frames from one step to the next; 1 for 60 steps per second.
        start: where a window may start: "gop" for key frames only, which are cheapest to read, or "any".
        action_shift: how many frames later than its step's picture an action is: 0 for the action that led to
            the picture, 1 for the action that answers it.
        lookahead: number of further steps, after the last one, whose actions are given.
        history: number of steps of context in front of the first one.
        stack: number of pictures per step: the step's own, and those before it.
        actions: which inputs a step of several frames has. "last": only those of its action's frame, so that
            a press between two steps is lost; "every": those of all `frame_step` frames that end with it;
            "any": one set, in which a button counts as held if it was in any of these frames, and sticks and
            triggers are those of the last one.
        action_fps: with actions="any", sets of inputs per second; a step has several sets if this is more
            than the number of steps per second. None for one set per step.

    Raises:
        ValueError: a number is out of its range.
    """

    window: int = 16
    stride: int = 1
    frame_step: int = 1
    start: Literal["gop", "any"] = "gop"
    action_shift: int = 0
    lookahead: int = 0
    history: int = 0
    stack: int = 1
    actions: Literal["last", "every", "any"] = "last"
    action_fps: int | None = None

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
        if isinstance(self.action_shift, bool) or not isinstance(self.action_shift, int):
            message = f"action_shift is a whole number of frames, got {self.action_shift!r}"
            raise ValueError(message)  # noqa: TRY004 - as for every other wrong argument
        self._check_actions()

    def _check_actions(self) -> None:
        if self.actions not in ("last", "every", "any"):
            message = f"actions are of the 'last' frame, of 'every' or of 'any', got {self.actions!r}"
            raise ValueError(message)
        if self.action_fps is None:
            return
        divisors = [n for n in range(1, self.frame_step + 1) if self.frame_step % n == 0]
        rates = [FRAMES_PER_SECOND // n for n in divisors if FRAMES_PER_SECOND % n == 0]
        if self.actions != "any" or self.action_fps not in rates or not isinstance(self.action_fps, int):
            message = (
                f"action_fps goes with actions='any'; with frame_step={self.frame_step} it is one of "
                f"{rates}, got {self.action_fps!r} with actions={self.actions!r}"
            )
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

    @property
    def frames_per_action(self) -> int:
        """Number of frames whose inputs a step has: 1, or all since the step before."""
        return 1 if self.actions == "last" else self.frame_step

    @property
    def actions_per_step(self) -> int:
        """Number of sets of inputs that a step has."""
        if self.actions == "every":
            return self.frame_step
        return 1 if self.action_fps is None else self.action_fps * self.frame_step // FRAMES_PER_SECOND

    @property
    def has_sets(self) -> bool:
        """Whether the inputs of a step have an axis of their own, [T, sets per step, D]."""
        return self.actions == "every" or self.action_fps is not None

    def seen_frames(self, start: int) -> Int:
        """Return the frame_index of every picture that is seen, int64 [num_seen]."""
        return start + np.arange(self.num_seen, dtype=np.int64) * self.frame_step

    def step_frames(self, starts: Int) -> Int:
        """Return the frame_index of every step of B windows, int64 [B, num_steps]."""
        steps = self.stack - 1 + np.arange(self.num_steps, dtype=np.int64)
        return starts[:, None] + steps * self.frame_step

    def action_frames(self, starts: Int, num_frames: Int) -> tuple[Int, Mask]:
        """Return the frame_index of every frame whose inputs B windows have, and which frames do not exist.

        Args:
            starts: int64 [B], the first frame that each window sees.
            num_frames: int64 [B], frames of each window's chunk.

        Returns:
            int64 [B, num_steps + lookahead, frames_per_action], where frames beyond the chunk are replaced by
            its nearest end; and bool of the same shape, True for the replaced frames.
        """
        steps = self.stack - 1 + np.arange(self.num_steps + self.lookahead, dtype=np.int64)
        since_last = np.arange(1 - self.frames_per_action, 1, dtype=np.int64)
        of_window = (steps * self.frame_step + self.action_shift)[:, None] + since_last
        wanted = starts[:, None, None] + of_window
        end = num_frames[:, None, None]
        return np.clip(wanted, 0, end - 1), (wanted < 0) | (wanted >= end)


@dataclass(frozen=True, eq=False, slots=True)
class ChunkGrid:
    """The frames at which windows may start in each of C chunks.

    Attributes:
        game: int64 [C], the game of each chunk, counted from 0; it never decreases.
        num_frames: int64 [C], the length of each chunk.
        gop_frames: frames from one key frame to the next, in every chunk; 1 where there is no video.
        picture_step: frames from one picture to the next, a divisor of gop_frames. Windows start only at
            frames that have a picture.

    Raises:
        ValueError: the columns do not fit together, or gop_frames is below 1.
    """

    game: Int
    num_frames: Int
    gop_frames: int
    picture_step: int = 1

    def __post_init__(self) -> None:
        fits = self.game.size == self.num_frames.size and self.gop_frames >= 1
        fits = fits and self.gop_frames % self.picture_step == 0
        if not fits or (np.diff(self.game) < 0).any():
            message = (
                f"{self.game.size} chunks, {self.num_frames.size} lengths, key frames every "
                f"{self.gop_frames}; chunks are in order of their games"
            )
            raise ValueError(message)

    def _frames_between(self, spec: WindowSpec) -> int:
        """Count the frames from the start of one window to the start of the chunk's next window."""
        return spec.stride * (self.picture_step if spec.start == "any" else self.gop_frames)

    def windows_per_chunk(self, spec: WindowSpec) -> Int:
        """Count the windows of each chunk, int64 [C]; 0 for a chunk that is too short."""
        # The last start at which a whole window still fits into the chunk; it may be below 0.
        last = self.num_frames - spec.span
        return np.where(last >= 0, last // self._frames_between(spec) + 1, 0)

    def starts(self, spec: WindowSpec, chunk: int) -> Int:
        """Return the frame_index at which each of the chunk's W windows starts, int64 [W]."""
        last = int(self.num_frames[chunk]) - spec.span
        return np.arange(0, last + 1, self._frames_between(spec), dtype=np.int64)

    def starts_of(self, spec: WindowSpec, places: Int) -> Int:
        """Return the frame_index at which windows start, by their number within their chunk, from 0 on."""
        return places * self._frames_between(spec)

    def share_seen(self, spec: WindowSpec) -> float:
        """Return the share of frames with a picture that are a step of some window, context aside; 0 to 1."""
        lengths, counts = np.unique(self.num_frames, return_counts=True)
        steps = np.arange(spec.num_seen - spec.window, spec.num_seen, dtype=np.int64) * spec.frame_step
        seen = 0
        for length, count in zip(lengths.tolist(), counts.tolist(), strict=True):
            starts = np.arange(0, length - spec.span + 1, self._frames_between(spec), dtype=np.int64)
            shown = np.zeros(length, bool)
            for step in steps.tolist():
                shown[starts + step] = True
            seen += count * int(shown[:: self.picture_step].sum())
        return seen / max(int((-(-self.num_frames // self.picture_step)).sum()), 1)


@dataclass(frozen=True, eq=False, slots=True)
class WindowIndex:
    """All windows of a dataset, numbered from 0 by game, chunk and start.

    Attributes:
        grid: where windows may start.
        spec: what a window is.
        chunk_offset: int64 [C + 1], the number of each chunk's first window; at the end, the count of all.
        game_offset: int64 [G + 1], the number of each game's first window; at the end, the count of all.
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
            IndexError: there is no window with that number.
        """
        if not 0 <= window < self.num_windows:
            message = f"no window {window}; there are {self.num_windows}, counted from 0"
            raise IndexError(message)
        chunks, starts = self.locate_all(np.array([window], np.int64))
        return int(chunks[0]), int(starts[0])

    def locate_all(self, windows: Int) -> tuple[Int, Int]:
        """Find the chunks of B existing windows, and the frames at which they start, int64 [B] each."""
        # side="right" skips chunks without windows, whose offset equals that of the next chunk.
        chunks = np.searchsorted(self.chunk_offset, windows, side="right") - 1
        return chunks, self.grid.starts_of(self.spec, windows - self.chunk_offset[chunks])
