"""Takes note of every picture and log line of one game as they pass by, and turns the notes into evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests import stamp
from workers.align.count import count_before_hold, count_between_lines, pictures_between_lines
from workers.align.log import log_evidence
from workers.align.motion.evidence import MotionComparison, compare_motion, find_motion
from workers.align.motion.meter import FlowMeter
from workers.align.motion.tracks import certain_changes, tracks_of
from workers.align.stamp import stamp_evidence
from workers.emulator.contract import CURRENT_FRAME

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state_table import StateTable
    from workers.align.evidence import Evidence
    from workers.align.motion.tracks import Tracks
    from workers.emulator.contract import LogLine, Picture

_PROBE_ROWS = 16  # every 16th row tells nearly all pictures apart without looking at the rest


class EvidenceCollector:
    """Feed it one game in order of arrival, then ask. Keeps little per picture, and the newest whole.

    Args:
        has_stamp: whether every picture must carry a stamp.
        expected_lag: the emulator's calibrated constant for the log lines; None if it was never measured.
        usual_correlation: the least that motion reaches in this emulator's clean games; None if that is
            unknown.
        state_delay: frames by which the pictures lag behind the state by design: 1 where a game draws the
            state in which a frame begins, as the stand-in does with what Slippi's device hands it.
        holds_last: whether the emulator shows the last picture on and on once the game is over, by which the
            pictures can be counted; else they are counted between the log's lines.
    """

    def __init__(
        self,
        *,
        has_stamp: bool = True,
        expected_lag: int | None = None,
        usual_correlation: float | None = None,
        state_delay: int = 0,
        holds_last: bool = True,
    ) -> None:
        self.has_stamp = has_stamp
        self.expected_lag = expected_lag
        self.usual_correlation = usual_correlation
        self.state_delay = state_delay
        self.holds_last = holds_last
        self._levels: list[npt.NDArray[np.float32]] = []
        self._repeats: list[bool] = []
        self._lines: list[tuple[int, int]] = []
        self._previous: npt.NDArray[np.uint8] | None = None
        self._flow = FlowMeter()
        self._comparison: tuple[int, MotionComparison] | None = None

    def picture(self, picture: Picture) -> None:
        """Take note of the next picture.

        Raises:
            ValueError: if it is not the next one.
        """
        if picture.capture_index != len(self._repeats):
            message = f"picture {len(self._repeats)} comes next, got {picture.capture_index}"
            raise ValueError(message)
        if self.has_stamp:
            self._levels.append(stamp.cell_levels(picture.luma[None])[0])
        self._repeats.append(self._previous is not None and _identical(self._previous, picture.yuv))
        self._previous = picture.yuv
        self._flow.add(picture.luma)
        self._comparison = None

    def log(self, line: LogLine) -> None:
        """Take note of the next line; only CURRENT_FRAME lines matter."""
        tag, _, number = line.text.partition(" ")
        if tag == CURRENT_FRAME:
            self._lines.append((int(number), line.newest_capture_index))

    def finish(self, state: StateTable, first_capture_index: int = 0) -> tuple[Evidence, ...]:
        """Return the evidence on the whole game; picture `first_capture_index` is that of slp_frame -123."""
        if self.holds_last:
            repeats = np.array(self._repeats[first_capture_index:], dtype=np.bool_)
            expects_change = None if self.has_stamp else certain_changes(self._tracks(state))
            found = [count_before_hold(repeats, state.num_frames, expects_change)]
        else:
            lines = self._game_lines(0, state.num_frames)
            num_pictures = pictures_between_lines(lines) if lines.size else 0
            found = [count_between_lines(num_pictures, state.num_frames)]
        return (*found, *self.chunk(state, 0, state.num_frames, first_capture_index))

    def chunk(
        self, state: StateTable, start: int, exclusive_end: int, first_capture_index: int = 0
    ) -> tuple[Evidence, ...]:
        """Return the evidence on frames [start, exclusive_end) of the game, by frame_index of the game.

        Count speaks of whole games only and is not in it.

        Raises:
            ValueError: if that is no range of the game.
        """
        if not 0 <= start < exclusive_end <= state.num_frames:
            message = f"[{start}, {exclusive_end}) is no range of a game of {state.num_frames} frames"
            raise ValueError(message)
        found = self._log(start, exclusive_end, first_capture_index)
        found += self._stamp(start, exclusive_end, first_capture_index)
        motion = find_motion(self.motion(state, first_capture_index), start, exclusive_end)
        return (*found, motion.evidence)

    def motion(self, state: StateTable, first_capture_index: int = 0) -> MotionComparison:
        """Return predicted and measured motion of the whole game; worked out once."""
        if self._comparison is None or self._comparison[0] != first_capture_index:
            exclusive_end = first_capture_index + state.num_frames
            maps = self._flow.maps().slice(first_capture_index, exclusive_end)
            comparison = compare_motion(maps, self._tracks(state), usual_correlation=self.usual_correlation)
            self._comparison = first_capture_index, comparison
        return self._comparison[1]

    def _tracks(self, state: StateTable) -> Tracks:
        return tracks_of(state).delayed(self.state_delay)

    def log_lines(self) -> npt.NDArray[np.int64]:
        """Return [M, 2]: slp_frame and newest capture_index of each CURRENT_FRAME line so far."""
        return np.array(self._lines, dtype=np.int64).reshape(-1, 2)

    def _game_lines(self, start: int, exclusive_end: int) -> npt.NDArray[np.int64]:
        """The lines of frames [start, exclusive_end), int64 [M, 2]: slp_frame, newest capture_index."""
        lines = self.log_lines()
        frame_index = lines[:, 0] - stamp.FIRST_SLP_FRAME
        return lines[(frame_index >= start) & (frame_index < exclusive_end)]

    def _log(self, start: int, exclusive_end: int, first_capture_index: int) -> list[Evidence]:
        lines = self._game_lines(start, exclusive_end)
        return [
            log_evidence(
                lines[:, 0],
                lines[:, 1],
                expected_lag=self.expected_lag,
                first_capture_index=first_capture_index,
            )
        ]

    def _stamp(self, start: int, exclusive_end: int, first_capture_index: int) -> list[Evidence]:
        if not self.has_stamp:
            return []
        rows = self._levels[first_capture_index + start : first_capture_index + exclusive_end]
        levels = np.stack(rows) if rows else np.zeros((0, stamp.NUM_CELLS), np.float32)
        slp_frame, valid = stamp.decode_levels(levels)
        return [stamp_evidence(slp_frame, valid, start=start, is_expected=True)]


def _identical(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    probe = slice(None, None, _PROBE_ROWS)
    return np.array_equal(one[probe], other[probe]) and np.array_equal(one, other)
