"""Has motion judge a finished pair: compares its decoded pictures with its states file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.align.motion.evidence import MotionComparison, MotionFinding, compare_motion, find_motion
from workers.align.motion.flow_meter import FlowMeter
from workers.align.motion.movers import tracks_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from manifests.state.table import StateTable


class MotionWitness:
    """Takes the pictures of one pair in order; implements `manifests.audit.pair_checks.Witness`.

    Args:
        state_delay: frames by which the pictures lag behind the state by design.
    """

    def __init__(self, state_delay: int = 0) -> None:
        self._meter, self._state_delay = FlowMeter(), state_delay

    def see(self, luma: npt.NDArray[np.uint8]) -> None:
        """Take the next picture, uint8 [H, W]."""
        self._meter.add(luma)

    def objection(self, state: StateTable) -> str | None:
        """Return what speaks against the pair; None if nothing does, "" if motion cannot tell."""
        _, finding = self.finding(state)
        evidence = finding.evidence
        if not evidence.available:
            return ""
        return str(evidence) if evidence.disagrees else None

    def finding(self, state: StateTable) -> tuple[MotionComparison, MotionFinding]:
        """Compare all pictures seen with the state, whose row k picture k should show."""
        comparison = compare_motion(self._meter.maps(), tracks_of(state).delayed(self._state_delay))
        return comparison, find_motion(comparison, 0, state.num_frames, name="encoded_motion")
