"""Set up an emulator: the image it boots for a replay, the size of its pictures, the evidence to expect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from manifests.ledger.evidence import Evidence
from manifests.video.stamp import stamp_rectangle
from workers.align.collector import EvidenceCollector
from workers.align.rerecording import rerecording_evidence
from workers.emulator.contract import EMULATORS, HEIGHT, WIDTH, BootImage
from workers.emulator.mainline import KNOWN_LOG_LAGS, MainlineDolphin
from workers.emulator.slippi import LOG_LAG, RERECORDED
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.image.pack import image_sha256, pack

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.state.table import StateTable
    from workers.align.calibration import Calibration
    from workers.emulator.contract import Emulator
    from workers.emulator.slippi import SlippiDolphin
    from workers.replay import Replay

HANDED_OVER: Final = frozenset(
    {"main_x", "main_y", "c_x", "c_y", "trigger", "buttons", "pre_action", "pre_x", "pre_y", "pre_facing"}
)
"""Fields of a frame that Slippi's device hands to the game."""


class EmulatorSetup(Protocol):
    """The facts about an emulator that the job needs besides playing."""

    @property
    def emulator(self) -> Emulator:
        """The emulator itself."""

    @property
    def has_stamp(self) -> bool:
        """Whether every picture carries the frame stamp."""

    @property
    def has_seed(self) -> bool:
        """Whether the stamp also names the state."""

    @property
    def state_delay(self) -> int:
        """Frames by which the pictures lag behind the recorded state by design."""

    @property
    def width(self) -> int:
        """Columns of every picture."""

    @property
    def height(self) -> int:
        """Rows of every picture in the dataset."""

    @property
    def crop_rows(self) -> int:
        """Rows at the bottom of the emulator's pictures that do not go into the dataset."""

    def boot_image(self, replay: Replay, state: StateTable) -> BootImage:
        """Return the image that the emulator boots to show these states."""

    def collector(self, calibration: Calibration | None = None) -> EvidenceCollector:
        """Return a collector for the evidence on one play, judged by the calibrated constants, if any."""

    def rerecording(self, folder: Path, state: StateTable) -> tuple[Evidence, ...]:
        """Return the re-recording evidence of a play; empty if the emulator never records one."""

    def fingerprint(self) -> dict[str, str]:
        """Return everything that decides the pixels: versions and hashes by name."""


@dataclass(frozen=True, slots=True)
class StandinSetup:
    """Debian's Dolphin with our own homebrew game, which draws the replay that is packed into its image.

    Attributes:
        has_stamp: whether it paints its frame stamp.
    """

    has_stamp: bool = True
    emulator: Emulator = field(default_factory=MainlineDolphin)
    width: int = WIDTH
    height: int = HEIGHT
    crop_rows: int = 0
    state_delay: int = 0

    @property
    def has_seed(self) -> bool:
        """Whether the stamp also names the state."""
        return self.has_stamp

    def boot_image(self, replay: Replay, state: StateTable) -> BootImage:  # noqa: ARG002 - Slippi plays the replay
        """Return the game program with these states packed into it."""
        return BootImage(pack(state, stamp=self.has_stamp), state.num_frames)

    def collector(self, calibration: Calibration | None = None) -> EvidenceCollector:
        """Return a collector for the evidence on one play."""
        return EvidenceCollector(
            has_stamp=self.has_stamp,
            expected_lag=self._known_lag() if calibration is None else calibration.log_lag,
            least_gain=None if calibration is None else calibration.least_gain,
            usual_camera=None if calibration is None else calibration.usual_camera,
        )

    def _known_lag(self) -> int | None:
        return KNOWN_LOG_LAGS.get(self.emulator.fingerprint()["emulator"])

    def rerecording(self, folder: Path, state: StateTable) -> tuple[Evidence, ...]:  # noqa: ARG002
        """Return nothing: mainline Dolphin plays no replay, so it can record none."""
        return ()

    def fingerprint(self) -> dict[str, str]:
        """Return everything that decides the pixels: versions and hashes by name."""
        return {**self.emulator.fingerprint(), "standin_sha256": image_sha256()}


@dataclass(frozen=True, slots=True)
class SlippiSetup:
    """Slippi's playback Dolphin with the user's own Melee, or with the stand-in in Melee's place."""

    emulator: SlippiDolphin

    @property
    def has_stamp(self) -> bool:
        """Whether every picture carries the frame stamp: the stand-in's do, Melee's if the preset asks."""
        return self.emulator.is_standin or self.emulator.preset.stamp

    @property
    def has_seed(self) -> bool:
        """Whether the stamp also identifies the state: the stand-in's does; Melee's has no seed."""
        return self.emulator.is_standin

    @property
    def state_delay(self) -> int:
        """Frames by which the pictures lag: the stand-in shows the state that a frame begins with."""
        return 1 if self.emulator.is_standin else 0

    @property
    def width(self) -> int:
        """Columns of every picture."""
        return self.emulator.preset.width

    @property
    def height(self) -> int:
        """Rows of every picture in the dataset."""
        return self.emulator.preset.height - self.crop_rows

    @property
    def crop_rows(self) -> int:
        """The rows of a stamp painted into Melee's pictures, which are cut off once the stamp was read."""
        preset = self.emulator.preset
        if self.emulator.is_standin or not preset.stamp:
            return 0
        return stamp_rectangle(preset.width, preset.height)[3]

    def boot_image(self, replay: Replay, state: StateTable) -> BootImage:
        """Return the replay itself, which Slippi's Dolphin reads."""
        return BootImage(replay.stream.tobytes(), state.num_frames)

    def collector(self, calibration: Calibration | None = None) -> EvidenceCollector:
        """Return a collector for the evidence on one play.

        The stand-in shows the state in which a frame begins, which Slippi's device gives it; that is one
        frame behind the state that the replay records after the frame. The stand-in holds its last picture;
        Melee returns to its waiting screen.
        """
        return EvidenceCollector(
            has_stamp=self.has_stamp,
            expected_lag=LOG_LAG if calibration is None else calibration.log_lag,
            least_gain=None if calibration is None else calibration.least_gain,
            usual_camera=None if calibration is None else calibration.usual_camera,
            state_delay=self.state_delay,
            holds_last=self.emulator.is_standin,
            has_seed=self.has_seed,
        )

    def rerecording(self, folder: Path, state: StateTable) -> tuple[Evidence, ...]:
        """Compare the replay that the emulator recorded while it played with the replay that it played.

        The stand-in computes nothing and records only the fields it was given, so only those are compared.
        """
        path = folder / RERECORDED
        only = HANDED_OVER if self.emulator.is_standin else None
        if not path.exists():
            return (rerecording_evidence(state, None, only),)
        try:
            again = state_table(read_replay(path.read_bytes()))
        except ReplayRefused as error:
            return (Evidence.abstain("rerecording", f"what the emulator recorded cannot be read: {error}"),)
        return (rerecording_evidence(state, again, only),)

    def fingerprint(self) -> dict[str, str]:
        """Return everything that decides the pixels: versions and hashes by name."""
        return dict(self.emulator.fingerprint())


def emulator_setup(name: str, *, stamp: bool = True, slippi: SlippiDolphin | None = None) -> EmulatorSetup:
    """Set up an emulator by name.

    Args:
        name: one of EMULATORS.
        stamp: whether the stand-in in mainline Dolphin paints its frame stamp.
        slippi: the user's Slippi; only for `slippi`.

    Raises:
        EnvironmentFailed: there is no emulator with that name, or no game for Slippi.
    """
    if name not in EMULATORS:
        message = f"no emulator {name!r}; there are: {', '.join(EMULATORS)}"
        raise EnvironmentFailed(message)
    if name == "standin":
        return StandinSetup(stamp)
    if slippi is None:
        message = "--emulator slippi needs a game: --game-image FILE with your Melee, or --game-image standin"
        raise EnvironmentFailed(message)
    return SlippiSetup(slippi)
