"""Takes note of every picture and log line of one game as they pass by, and has the notes weighed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.video import stamp
from workers.align.game_evidence import GameEvidence
from workers.align.game_notes import Expectations, GameNotes
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
_PROBE_ROWS = 16  # every 16th row tells nearly all pictures apart without looking at the rest


class EvidenceCollector:
    """Feed it one game in order of arrival, then ask. Keeps under 1 kB per picture, and the newest whole.

    Args:
        has_stamp: see `workers.align.game_notes.Expectations`, as for the rest.
        expected_lag: likewise.
        least_gain: likewise.
        usual_camera: likewise.
        state_delay: likewise.
        holds_last: likewise.
        has_seed: likewise.
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
            ValueError: if it is not the next one.
        """
        if picture.capture_index != len(self._repeats):
            message = f"picture {len(self._repeats)} comes next, got {picture.capture_index}"
            raise ValueError(message)
        # Pictures that carry no stamp may be of any size, also one that could not carry any.
        self._levels.append(stamp.cell_levels(picture.luma[None])[0] if self.has_stamp else _NO_STAMP)
        self._repeats.append(self._previous is not None and _identical(self._previous, picture.yuv))
        self._previous = picture.yuv
        self._flow.add(picture.luma)
        self._weighed = None

    def log(self, line: LogLine) -> None:
        """Take note of the next line; only CURRENT_FRAME lines matter."""
        tag, _, number = line.text.partition(" ")
        if tag == CURRENT_FRAME:
            self._lines.append((int(number), line.newest_capture_index))
            self._weighed = None

    def notes(self) -> GameNotes:
        """Return the notes so far."""
        return GameNotes(
            stamp_levels=np.array(self._levels, dtype=np.float32).reshape(-1, stamp.NUM_CELLS),
            repeats_previous=np.array(self._repeats, dtype=np.bool_),
            flow=self._flow.maps(),
            lines=np.array(self._lines, dtype=np.int64).reshape(-1, 2),
        )

    def finish(self, state: StateTable, first_capture_index: int = 0) -> tuple[Evidence, ...]:
        """Return the evidence on the whole game; picture `first_capture_index` is that of slp_frame -123."""
        return self._weigh(state, first_capture_index).whole()

    def chunk(
        self, state: StateTable, start: int, exclusive_end: int, first_capture_index: int = 0
    ) -> tuple[Evidence, ...]:
        """Return the evidence on frames [start, exclusive_end) of the game, by frame_index of the game.

        Count speaks of whole games only and is not in it.

        Raises:
            ValueError: if that is no range of the game.
        """
        return self._weigh(state, first_capture_index).chunk(start, exclusive_end)

    def motion(self, state: StateTable, first_capture_index: int = 0) -> MotionComparison:
        """Return predicted and measured motion of the whole game."""
        return self._weigh(state, first_capture_index).motion

    def _weigh(self, state: StateTable, first_capture_index: int) -> GameEvidence:
        """Worked out once for one state; a job never asks for another."""
        if self._weighed is None or self._weighed[0] != first_capture_index:
            weighed = GameEvidence(self.notes(), self.expectations, state, first_capture_index)
            self._weighed = first_capture_index, weighed
        return self._weighed[1]


def _identical(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    probe = slice(None, None, _PROBE_ROWS)
    return np.array_equal(one[probe], other[probe]) and np.array_equal(one, other)
