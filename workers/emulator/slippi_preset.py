"""The choices that a user has about Melee's pictures, each with a safe default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

ResolutionName: TypeAlias = Literal["480p", "720p", "960p", "1440p"]

FramesChoice: TypeAlias = Literal["auto", "channel", "png"]
FRAMES_NAME: Final = "frames"
"""The name under which a fingerprint records the way that was taken. The pixels are the same either way."""
FRAMES_CHOICES: Final[tuple[FramesChoice, ...]] = ("auto", "channel", "png")
"""How pictures come out of the emulator, which does not change them: `slippi_frames.py` has the two ways."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A size of pictures that can be chosen.

    Attributes:
        efb_scale: the emulator's own number for the internal resolution.
        height: number of rows; the console draws 480 at 1x, so a scale of s gives 480 * s, and every drawn
            pixel is kept.
        width: columns at 4:3, square pixels.
        wide_width: columns at 16:9, the nearest multiple of 16: exact at 720p and 1440p, else 0.7 % off at
            most.
    """

    efb_scale: int
    height: int
    width: int
    wide_width: int


RESOLUTIONS: Final[dict[ResolutionName, Resolution]] = {
    "480p": Resolution(efb_scale=2, height=480, width=640, wide_width=848),
    "720p": Resolution(efb_scale=3, height=720, width=960, wide_width=1280),
    "960p": Resolution(efb_scale=4, height=960, width=1280, wide_width=1712),
    "1440p": Resolution(efb_scale=6, height=1440, width=1920, wide_width=2560),
}
"""Both sides are multiples of 16, which is what H.264 codes: no crop rectangle, no half-used blocks."""


@dataclass(frozen=True, slots=True)
class SlippiPreset:
    """The choices for rendering the real game.

    Attributes:
        resolution: one of RESOLUTIONS.
        widescreen: 16:9 by Slippi's own code, which shows more of the stage; else the console's 4:3.
        hud: timer, percents and stocks in the picture.
        shake: the camera shakes on hard hits, as in the game.
        lagless_fod: leave out the Fountain's reflections and particles, which slow the console down.
        stamp: paint the frame stamp into the bottom rows by a Gecko code of ours; untried on Melee.
        backend: the emulator's video backend.

    Raises:
        ValueError: the resolution or backend is unknown, or a stamp is wanted in a wide picture.
    """

    resolution: ResolutionName = "480p"
    widescreen: bool = False
    hud: bool = True
    shake: bool = True
    lagless_fod: bool = False
    stamp: bool = False
    backend: Literal["OGL", "Vulkan"] = "OGL"

    def __post_init__(self) -> None:
        if self.resolution not in RESOLUTIONS:
            message = f"resolution is one of {', '.join(RESOLUTIONS)}, got {self.resolution!r}"
            raise ValueError(message)
        # Dolphin would silently use OGL for an unknown name.
        if self.backend not in ("OGL", "Vulkan"):
            message = f"backend is OGL or Vulkan, got {self.backend!r}"
            raise ValueError(message)
        if self.stamp and self.widescreen:
            message = "the stamp is laid out for 4:3; take --no-widescreen, or leave the stamp off"
            raise ValueError(message)

    @property
    def width(self) -> int:
        """How many columns of pixels every picture has."""
        resolution = RESOLUTIONS[self.resolution]
        return resolution.wide_width if self.widescreen else resolution.width

    @property
    def height(self) -> int:
        """How many rows of pixels every picture has."""
        return RESOLUTIONS[self.resolution].height

    @property
    def gecko_codes(self) -> dict[str, bool]:
        """Slippi's optional codes by name, and whether each is on. All are named, so no default decides."""
        return {
            "Optional: Show Player Names": False,  # on by default; names have no place in a dataset
            "Optional: Game Music OFF": True,  # nothing listens
            "Optional: Widescreen 16:9": self.widescreen,
            "Optional: Disable Screen Shake": not self.shake,
            "Optional: Hide HUD": not self.hud,
            "Optional: Hide Waiting For Game": False,  # its pictures are proof of life, and are thrown away
            "Optional: Enable Develop Mode": False,
            "Optional: Lagless FoD": self.lagless_fod,
        }
