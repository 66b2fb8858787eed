"""The emulator contract: pictures and log lines in order, or an error, and nothing left behind.

    BootImage -> Emulator.play() -> Picture | LogLine ... -> end, or EmulatorFailed

`tests/contracts/emulator_suite.py` checks every implementation against this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

EMULATORS: Final = ("standin", "slippi")  # the names by which a run chooses its emulator
WIDTH = 640  # pixels across the stand-in's pictures, and the default elsewhere
HEIGHT = 480  # pixels down
# A play yields this many pictures beyond the last frame, so that the end cannot hide an offset by a few.
TAIL_PICTURES = 8

CURRENT_FRAME = "[CURRENT_FRAME]"  # "[CURRENT_FRAME] n": the game has drawn slp_frame n and hands it over
GAME_END_FRAME = "[GAME_END_FRAME]"  # "[GAME_END_FRAME] n": slp_frame n was the last

Yuv: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture as the emulator showed it.

    Attributes:
        capture_index: 0-based position among the emulator's pictures.
        yuv: uint8 [H * 3 / 2, W], made read-only: packed I420 (H rows of luma, then U and V, each H/2 x W/2),
            BT.601 limited range. [720, 640] unless the emulator was asked for another size, which is then the
            same for all pictures of a play. The picture owns its memory, so it may be kept.
        slp_frame_asked: the slp_frame that the game had last asked for when the emulator read this picture
            back from the driver, which is the frame that it shows; None if the emulator cannot tell.

    Raises:
        ValueError: shape or dtype are not those of packed I420, or the index is negative.
    """

    capture_index: int
    yuv: Yuv
    slp_frame_asked: int | None = None

    def __post_init__(self) -> None:
        if self.capture_index < 0:
            message = f"capture_index counts from 0, got {self.capture_index}"
            raise ValueError(message)
        if self.yuv.dtype != np.uint8 or not _is_packed_i420(self.yuv.shape):
            message = (
                "a picture is uint8 [H * 3 / 2, W], packed I420 with even H and W, "
                f"got {self.yuv.dtype} {self.yuv.shape}"
            )
            raise ValueError(message)
        self.yuv.flags.writeable = False

    @property
    def luma(self) -> Yuv:
        """The brightness plane alone: uint8 [H, W], a view, 16 is black and 235 white."""
        return self.yuv[: self.height]

    @property
    def width(self) -> int:
        """How many columns of pixels."""
        return int(self.yuv.shape[1])

    @property
    def height(self) -> int:
        """How many rows of luma."""
        return int(self.yuv.shape[0]) * 2 // 3

    def without_bottom(self, num_rows: int) -> Yuv:
        """Return the picture without its last rows: uint8 [(H - num_rows) * 3 / 2, W]; num_rows is even."""
        if not num_rows:
            return self.yuv
        planes = np.split(self.yuv.reshape(-1), [self.height * self.width, self.height * self.width * 5 // 4])
        kept = [plane[: plane.size * (self.height - num_rows) // self.height] for plane in planes]
        return np.concatenate(kept).reshape(-1, self.width)


def _is_packed_i420(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] > 0 and shape[0] % 3 == 0 and shape[1] > 0 and shape[1] % 2 == 0  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that the running game printed.

    Attributes:
        newest_capture_index: capture_index of the newest picture when the line arrived, -1 before any.
        text: the printed text, without the emulator's own prefix, e.g. "[CURRENT_FRAME] -123".
    """

    newest_capture_index: int
    text: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How many seconds of wall time to wait before an emulator counts as broken.

    Attributes:
        startup_seconds: from start to the first picture.
        progress_seconds: from one picture to the next; does not tick while the consumer is busy with one.
        total_seconds: from start to the end of the game, consumer included.

    Raises:
        ValueError: a deadline is not above zero.
    """

    startup_seconds: float = 30.0
    progress_seconds: float = 20.0
    total_seconds: float = 3600.0

    def __post_init__(self) -> None:
        for name in ("startup_seconds", "progress_seconds", "total_seconds"):
            if not getattr(self, name) > 0:
                message = f"{name} must be above 0, got {getattr(self, name)}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class BootImage:
    """The image that an emulator plays, and the number of its pictures.

    Attributes:
        data: the bytes for the emulator: the packed stand-in program; for Slippi the bytes of the replay.
        num_frames: pictures of the game, one per slp_frame from -123 to the last.

    Raises:
        ValueError: the image is empty, or the game has no frames.
    """

    data: bytes
    num_frames: int

    def __post_init__(self) -> None:
        if not self.data:
            message = "the boot image is empty: nothing to play"
            raise ValueError(message)
        if self.num_frames < 1:
            message = f"a game has at least 1 frame, got num_frames={self.num_frames}"
            raise ValueError(message)

    @property
    def num_pictures(self) -> int:
        """How many pictures a complete run yields: one per frame, then TAIL_PICTURES of the hold."""
        return self.num_frames + TAIL_PICTURES


class Emulator(Protocol):
    """An emulator that turns a boot image into pictures; without state, so several plays may run at once."""

    @property
    def name(self) -> str:
        """The name in the ledger and on the command line: `standin` or `slippi`."""

    def check(self) -> None:
        """Check that this machine can run the emulator.

        Raises:
            EnvironmentFailed: something is missing; the text names it and the command that installs it.
        """

    def fingerprint(self) -> Mapping[str, str]:
        """Return everything that decides the pixels: the program's version, the sha256 of its settings ..."""

    def play(
        self, boot_image: BootImage, scratch: Path, deadlines: Deadlines
    ) -> AbstractContextManager[Iterator[Picture | LogLine]]:
        """Start the emulator in a scratch folder under `scratch`; yield its pictures and lines, in order.

        The iterator ends by itself after `boot_image.num_pictures` pictures once GAME_END_FRAME was seen;
        capture_index 0 shows slp_frame -123. In whichever way the context is left, no process, port or file
        remains.

        Raises:
            EmulatorFailed: the emulator exited by itself (with any status), stalled, or exceeded a deadline;
                the text says what was seen last and what to do.
            EnvironmentFailed: the emulator could not be started at all.
        """
