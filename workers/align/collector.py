"""Collect notes on every picture and log line of one game as they arrive, and make evidence from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.video import stamp
from workers.align.game_evidence import GameEvidence
from workers.align.game_notes import NOT_SAID, Expectations, GameNotes
from workers.align.motion.flow_meter import FlowMeter
from workers.emulator.contract import CURRENT_FRAME

if TYPE_CHECKING:
    import numpy.typing as npt

    from manifests.ledger.evidence import Evidence
    from manifests.state.table import StateTable
    from workers.align.motion.camera import Camera
    from workers.align.motion.evidence import MotionComparison
    from workers.emulator.contract import LogLine, Picture

_NO_STAMP = np.zeros(stamp.NUM_CELLS, dtype=np.float32)
_PROBE_ROWS = 16  # comparing every 16th row is enough to tell nearly all pictures apart


class EvidenceCollector:
    """Takes the pictures and lines of one game in order; then gives evidence on the game or a part of it.

    It keeps less than 1 kB per picture, and only the newest whole picture.

    Args:
        has_stamp: whether every picture must carry a stamp.
        expected_lag: the emulator's calibrated lag of the log lines; None if it was never measured.
        least_gain: the lowest slope of measured on predicted motion in its clean games; None if unknown.
        usual_camera: the approximate camera of its games; None for the stand-in's.
        state_delay: frames by which the pictures lag behind the state by design.
        holds_last: whether the emulator keeps showing the last picture once the game is over.
        has_seed: whether the stamp also identifies the state.
    """

    def __init__(
        self,
        *,
        has_stamp: bool = True,
        expected_lag: int | None = None,
        least_gain: float | None = None,
        usual_camera: Camera | None = None,
        state_delay: int = 0,
        holds_last: bool = True,
        has_seed: bool = True,
    ) -> None:
        self.expectations = Expectations(
            has_stamp, expected_lag, least_gain, usual_camera, state_delay, holds_last, has_seed
        )
        self._levels: list[npt.NDArray[np.float32]] = []
        self._repeats: list[bool] = []
        self._lines: list[tuple[int, int]] = []
        self._asked: list[int] = []
        self._previous: npt.NDArray[np.uint8] | None = None
        self._flow = FlowMeter()
        self._weighed: tuple[int, GameEvidence] | None = None

    @property
    def has_stamp(self) -> bool:
        """Whether every picture must carry a stamp."""
        return self.expectations.has_stamp

    def picture(self, picture: Picture) -> None:
        """Take note of the next picture.

        Raises:
            ValueError: `picture` is not the next one.
        """
        if picture.capture_index != len(self._repeats):
            message = f"picture {len(self._repeats)} comes next, got {picture.capture_index}"
            raise ValueError(message)
        # Pictures without a stamp may have any size, even one that a stamp would not fit into.
        self._levels.append(stamp.cell_levels(picture.luma[None])[0] if self.has_stamp else _NO_STAMP)
        self._repeats.append(self._previous is not None and _identical(self._previous, picture.yuv))
        self._asked.append(NOT_SAID if picture.slp_frame_asked is None else picture.slp_frame_asked)
        # A picture owns its memory (see the contract), so keeping it needs no copy.
        self._previous = picture.yuv
        self._flow.add(picture.luma)
        self._weighed = None

    def log(self, line: LogLine) -> None:
        """Take note of the next log line; only CURRENT_FRAME lines matter."""
        tag, _, number = line.text.partition(" ")
        if tag == CURRENT_FRAME:
            self._lines.append((int(number), line.newest_capture_index))
            self._weighed = None

    def notes(self) -> GameNotes:
        """Return the notes on all pictures and lines so far."""
        return GameNotes(
            stamp_levels=np.array(self._levels, dtype=np.float32).reshape(-1, stamp.NUM_CELLS),
            repeats_previous=np.array(self._repeats, dtype=np.bool_),
            flow=self._flow.maps(),
            lines=np.array(self._lines, dtype=np.int64).reshape(-1, 2),
            slp_frame_asked=None if set(self._asked) <= {NOT_SAID} else np.array(self._asked, dtype=np.int64),
        )

    def finish(self, state: StateTable, first_capture_index: int = 0) -> tuple[Evidence, ...]:
        """Return the evidence on the whole game; picture `first_capture_index` should show slp_frame -123."""
        return self._weigh(state, first_capture_index).whole()

    def chunk(
        self, state: StateTable, start: int, exclusive_end: int, first_capture_index: int = 0
    ) -> tuple[Evidence, ...]:
        """Return the evidence on frames [start, exclusive_end) of the game, by frame_index of the game.

        The count is left out, as it is evidence only on whole games.

        Raises:
            ValueError: [start, exclusive_end) is not a range of the game.
        """
        return self._weigh(state, first_capture_index).chunk(start, exclusive_end)

    def motion(self, state: StateTable, first_capture_index: int = 0) -> MotionComparison:
        """Return predicted and measured motion of the whole game."""
        return self._weigh(state, first_capture_index).motion

    def _weigh(self, state: StateTable, first_capture_index: int) -> GameEvidence:
        """Return the evidence, which is computed once, because a job uses only one state."""
        if self._weighed is None or self._weighed[0] != first_capture_index:
            weighed = GameEvidence(self.notes(), self.expectations, state, first_capture_index)
            self._weighed = first_capture_index, weighed
        return self._weighed[1]


def _identical(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    probe = slice(None, None, _PROBE_ROWS)
    return np.array_equal(one[probe], other[probe]) and np.array_equal(one, other)
