"""The notes on one game, from which all evidence is made, and the known facts about its emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.video.stamp import NUM_CELLS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workers.align.motion.camera import Camera
    from workers.align.motion.flow_maps import FlowMaps

NOT_SAID: Final = -(1 << 62)
"""Stands for the frame of a picture that names none, in a stream in which other pictures name theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class GameNotes:
    """Notes on K pictures and M lines, in order of arrival.

    Attributes:
        stamp_levels: float32 [K, 64], mean level of each stamp cell; meaningless where nothing is stamped.
        repeats_previous: bool [K], whether a picture is identical, pixel by pixel, to the one before.
        flow: what moved in each picture.
        lines: int64 [M, 2], slp_frame of each CURRENT_FRAME line and the newest capture_index when it came.
        slp_frame_asked: int64 [K], the frame that each picture says it shows, or NOT_SAID; None if no picture
            names a frame, as with an emulator that cannot tell.

    Raises:
        ValueError: the lengths differ.
    """

    stamp_levels: npt.NDArray[np.float32]
    repeats_previous: npt.NDArray[np.bool_]
    flow: FlowMaps
    lines: npt.NDArray[np.int64]
    slp_frame_asked: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        num = self.flow.num_pictures
        if self.stamp_levels.shape != (num, NUM_CELLS) or self.repeats_previous.shape != (num,):
            message = (
                f"notes on {num} pictures need stamp levels [{num}, {NUM_CELLS}] and repeats [{num}], got "
                f"{self.stamp_levels.shape} and {self.repeats_previous.shape}"
            )
            raise ValueError(message)
        if self.slp_frame_asked is not None and self.slp_frame_asked.shape != (num,):
            message = f"{num} pictures say {num} frames, got {self.slp_frame_asked.shape}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Expectations:
    """The facts about an emulator that are known before a game is played.

    Attributes:
        has_stamp: whether every picture must carry a stamp.
        has_seed: whether the stamp also identifies the state: the stand-in's does, Melee's does not.
        expected_lag: its calibrated constant for the log lines; None if that was never measured.
        least_gain: the least slope of measured on predicted motion in its clean games; None if unknown.
        usual_camera: the approximate camera of its games; None for the stand-in's.
        state_delay: frames by which the pictures lag behind the state by design: 1 if a game draws the state
            in which a frame begins, as the stand-in does with the data from Slippi's device.
        holds_last: whether it keeps showing the last picture once the game is over. If so, the pictures are
            counted up to that hold, otherwise between the first and the last log line.
    """

    has_stamp: bool = True
    expected_lag: int | None = None
    least_gain: float | None = None
    usual_camera: Camera | None = None
    state_delay: int = 0
    holds_last: bool = True
    has_seed: bool = True
