"""Make evidence from the notes on a game, for the whole game and for any chunk of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video import stamp
from workers.align.count import count_before_hold, count_between_lines, pictures_between_lines
from workers.align.log import asked_evidence, log_evidence
from workers.align.motion.evidence import MotionComparison, compare_motion, find_motion
from workers.align.motion.movers import tracks_of
from workers.align.motion.tracks import Tracks, certain_changes
from workers.align.stamp import stamp_evidence

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.ledger.evidence import Evidence
    from manifests.state.table import StateTable
    from workers.align.game_notes import Expectations, GameNotes


class GameEvidence:
    """The evidence of all observers on one game; the same notes always give the same evidence.

    Args:
        notes: the notes on the game's pictures and log lines.
        expectations: facts about the emulator.
        state: the T frames that the pictures should show.
        first_capture_index: the capture_index of the picture that should show slp_frame -123.
    """

    def __init__(
        self,
        notes: GameNotes,
        expectations: Expectations,
        state: StateTable,
        first_capture_index: int = 0,
    ) -> None:
        self._notes = notes
        self._expectations = expectations
        self._state = state
        self._first = first_capture_index

    def whole(self) -> tuple[Evidence, ...]:
        """Return the evidence on the whole game, including the count."""
        return (self._count(), *self.chunk(0, self._state.num_frames))

    def chunk(self, start: int, exclusive_end: int) -> tuple[Evidence, ...]:
        """Return the evidence on frames [start, exclusive_end) of the game, by frame_index of the game.

        The count is left out, as it is evidence only on whole games.

        Raises:
            ValueError: [start, exclusive_end) is not a range of the game.
        """
        if not 0 <= start < exclusive_end <= self._state.num_frames:
            message = f"[{start}, {exclusive_end}) is no range of a game of {self._state.num_frames} frames"
            raise ValueError(message)
        log = self._log(start, exclusive_end)
        motion = find_motion(self.motion, start, exclusive_end).evidence
        if not self._expectations.has_stamp:
            return log, motion
        # Pictures are numbered from the first dumped one, but the range counts from the game's first frame.
        levels = self._notes.stamp_levels[self._first + start : self._first + exclusive_end]
        slp_frame, valid = stamp.decode_levels(levels)
        shows_state = None
        if self._expectations.has_seed:
            shows_state = stamp.seeds_agree(levels, self._state.slice(start, exclusive_end))
        read = stamp_evidence(slp_frame, valid, start=start, shows_state=shows_state, is_expected=True)
        return log, read, motion

    @cached_property
    def motion(self) -> MotionComparison:
        """Predicted and measured motion of the whole game."""
        pictures = self._notes.flow.slice(self._first, self._first + self._state.num_frames)
        return compare_motion(
            pictures,
            self._tracks,
            least_gain=self._expectations.least_gain,
            usual_camera=self._expectations.usual_camera,
        )

    @cached_property
    def _tracks(self) -> Tracks:
        return tracks_of(self._state).delayed(self._expectations.state_delay)

    def _log(self, start: int, exclusive_end: int) -> Evidence:
        asked = self._notes.slp_frame_asked
        if asked is not None:
            return asked_evidence(asked[self._first + start : self._first + exclusive_end], start=start)
        lines = self._game_lines(start, exclusive_end)
        return log_evidence(
            lines[:, 0],
            lines[:, 1],
            expected_lag=self._expectations.expected_lag,
            first_capture_index=self._first,
        )

    def _count(self) -> Evidence:
        num_frames = self._state.num_frames
        if self._expectations.holds_last:
            expects_change = None if self._expectations.has_stamp else certain_changes(self._tracks)
            return count_before_hold(self._notes.repeats_previous[self._first :], num_frames, expects_change)
        asked = self._notes.slp_frame_asked
        if asked is not None:
            last = FIRST_SLP_FRAME + num_frames - 1
            return count_between_lines(int(np.sum((asked >= FIRST_SLP_FRAME) & (asked <= last))), num_frames)
        lines = self._game_lines(0, num_frames)
        return count_between_lines(pictures_between_lines(lines) if lines.size else 0, num_frames)

    def _game_lines(self, start: int, exclusive_end: int) -> npt.NDArray[np.int64]:
        """Return the log lines of frames [start, exclusive_end), int64 [M, 2]."""
        frame_index = self._notes.lines[:, 0] - FIRST_SLP_FRAME
        return self._notes.lines[(frame_index >= start) & (frame_index < exclusive_end)]
