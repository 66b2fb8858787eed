"""An emulator, and what goes with it: how it takes a replay, whether it stamps, its log's constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.emulator.contract import Cartridge
from workers.emulator.mainline import MainlineDolphin
from workers.errors import EnvironmentFailed
from workers.standin.pack import image_sha256, pack

if TYPE_CHECKING:
    from manifests.state_table import StateTable
    from workers.emulator.contract import Emulator
    from workers.replay import Replay

EMULATORS = ("standin",)


@dataclass(frozen=True, slots=True)
class StandinStudio:
    """Debian's Dolphin with our own homebrew game, which draws the replay that is packed into its image.

    Attributes:
        emulator: mainline Dolphin.
        has_stamp: whether every picture carries the frame stamp.
        log_lag: pictures by which the log runs ahead (calibrated), or None to leave the log out.
    """

    emulator: Emulator
    has_stamp: bool
    log_lag: int | None

    def cartridge(self, replay: Replay, state: StateTable) -> Cartridge:  # noqa: ARG002 - Slippi plays the replay
        """What the emulator boots to show these states."""
        return Cartridge(pack(state, stamp=self.has_stamp), state.num_frames)

    def fingerprint(self) -> dict[str, str]:
        """What decides the pixels."""
        return {**self.emulator.fingerprint(), "standin_sha256": image_sha256()}


def studio(name: str, *, stamp: bool = True) -> StandinStudio:
    """Set up an emulator by name.

    Raises:
        EnvironmentFailed: there is none of that name.
    """
    if name not in EMULATORS:
        message = f"no emulator {name!r}; there are: {', '.join(EMULATORS)}"
        raise EnvironmentFailed(message)
    return StandinStudio(MainlineDolphin(), has_stamp=stamp, log_lag=None)
