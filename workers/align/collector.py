"""Takes note of every picture and log line of one game as they pass by, and turns the notes into evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests import stamp
from workers.align.count import count_before_hold
from workers.align.log import log_evidence
from workers.align.motion.evidence import MotionComparison, compare_motion, find_motion
from workers.align.motion.flow import FlowMeter
from workers.align.motion.tracks import certain_changes, tracks_of
from workers.align.stamp import stamp_evidence
from workers.emulator.contract import CURRENT_FRAME

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.state_table import StateTable
    from workers.align.evidence import Evidence
    from workers.emulator.contract import LogLine, Picture

_PROBE_ROWS = 16  # every 16th row tells nearly all pictures apart without looking at the rest


class EvidenceCollector:
    """Feed it one game in order of arrival, then ask. Keeps little per picture, and the newest whole.

    Args:
        has_stamp: whether every picture must carry a stamp.
        expected_lag: the emulator's calibrated constant for the log lines; None leaves the log out.
        usual_correlation: the least that motion reaches in this emulator's clean games; None if that is
        unknown.
    """

    def __init__(
        self,
        *,
        has_stamp: bool = True,
        expected_lag: int | None = None,
        usual_correlation: float | None = None,
    ) -> None:
        self.has_stamp = has_stamp
        self.expected_lag = expected_lag
        self.usual_correlation = usual_correlation
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
        repeats = np.array(self._repeats[first_capture_index:], dtype=np.bool_)
        expects_change = None if self.has_stamp else certain_changes(tracks_of(state))
        found = [count_before_hold(repeats, state.num_frames, expects_change)]
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
            comparison = compare_motion(maps, tracks_of(state), usual_correlation=self.usual_correlation)
            self._comparison = first_capture_index, comparison
        return self._comparison[1]

    def _log(self, start: int, exclusive_end: int, first_capture_index: int) -> list[Evidence]:
        if self.expected_lag is None:
            return []
        lines = np.array(self._lines, dtype=np.int64).reshape(-1, 2)
        frame_index = lines[:, 0] - stamp.FIRST_SLP_FRAME
        lines = lines[(frame_index >= start) & (frame_index < exclusive_end)]
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
