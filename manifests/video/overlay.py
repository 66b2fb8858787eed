"""Draw the state over a picture: sticks, buttons, action, percent and position. A door to Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from PIL import Image, ImageDraw

from manifests.state.views import BUTTONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_COLOURS: Final = ((255, 96, 96), (96, 160, 255), (96, 220, 120), (240, 200, 80))
_SHOWN: Final = ("a", "b", "x", "y", "z", "l", "r", "start")
_WHITE, _GREY, _BLACK = (255, 255, 255), (110, 110, 110), (0, 0, 0)
_WEBP_QUALITY: Final = 70
_PANEL_WIDTH, _PANEL_HEIGHT, _RADIUS = 230, 64, 20
ANIMATION_STEP: Final = 3
"""Frames from one picture of an animation to the next, if every frame has a picture: 20 pictures a second.

A GIF counts time in hundredths of a second, and players show at most 50 of its pictures per second.
"""


@dataclass(frozen=True, slots=True)
class PlayerState:
    """The values that are drawn for one player in one frame.

    Attributes:
        name: the character's name, or another name for the player.
        action: name of the action state.
        x: position in Melee units.
        y: position in Melee units, up positive.
        percent: damage.
        stocks: stocks left.
        main: the main stick, x and y, each -1 to 1.
        c: the C-stick, x and y, each -1 to 1.
        trigger: the analog trigger, 0 to 1.
        buttons: bit field, as in the column `buttons`.
    """

    name: str
    action: str
    x: float
    y: float
    percent: float
    stocks: int
    main: tuple[float, float]
    c: tuple[float, float]
    trigger: float
    buttons: int


def draw_over(
    picture: NDArray[np.uint8], slp_frame: int, players: Mapping[int, PlayerState]
) -> NDArray[np.uint8]:
    """Copy a picture, uint8 [H, W, 3], and draw a panel per player at its top, and the frame number."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    for place, player in sorted(players.items()):
        left = 6 if place % 2 == 0 else image.width - _PANEL_WIDTH - 6
        _panel(draw, left, 6 + place // 2 * (_PANEL_HEIGHT + 4), player, _COLOURS[place % len(_COLOURS)])
    draw.text(
        (image.width // 2 - 34, 6), f"slp_frame {slp_frame}", fill=_WHITE, stroke_width=1, stroke_fill=_BLACK
    )
    return np.asarray(image, np.uint8)


def draw_boxes(
    picture: NDArray[np.uint8], boxes: Iterable[tuple[int, NDArray[np.float32]]]
) -> NDArray[np.uint8]:
    """Copy a picture, uint8 [H, W, 3], and draw boxes in their players' colours.

    Args:
        picture: the picture to draw over.
        boxes: for each box, the player's number, and left, top, right and bottom edge in pixels, [4].
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for player, edges in boxes:
        left, top, right, bottom = edges.round().astype(int).tolist()
        # Pillow draws the far corner as part of the outline, but a box ends before its right and bottom edge.
        corner = (max(right - 1, left), max(bottom - 1, top))
        draw.rectangle((left, top, *corner), outline=_COLOURS[player % len(_COLOURS)], width=2)
    return np.asarray(image, np.uint8)


def draw_captions(picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
    """Copy a picture, uint8 [H, W, 3], and write lines above its lower edge, the last one lowest."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    for place, line in enumerate(reversed(lines)):
        top = image.height - 56 - 15 * place
        draw.rectangle((6, top - 1, 14 + round(draw.textlength(line)), top + 13), fill=(0, 0, 0, 150))
        draw.text((10, top), line, fill=_WHITE)
    return np.asarray(image, np.uint8)


def _panel(
    draw: ImageDraw.ImageDraw, left: int, top: int, player: PlayerState, colour: tuple[int, int, int]
) -> None:
    draw.rectangle((left, top, left + _PANEL_WIDTH, top + _PANEL_HEIGHT), fill=(0, 0, 0, 150))
    lines = (
        f"{player.name}  {int(player.percent)}%  x{player.stocks}",
        player.action,
        f"{player.x:+7.2f} {player.y:+7.2f}",
    )
    for row, line in enumerate(lines):
        draw.text((left + 96, top + 2 + 13 * row), line, fill=colour if row == 0 else _WHITE)
    _stick(draw, left + 24, top + 26, player.main, _WHITE)
    _stick(draw, left + 70, top + 26, player.c, (250, 220, 60))
    draw.rectangle(
        (left + 4, top + 52, left + 4 + round(86 * min(max(player.trigger, 0.0), 1.0)), top + 58), fill=colour
    )
    draw.rectangle((left + 4, top + 52, left + 90, top + 58), outline=_GREY)
    for place, name in enumerate(_SHOWN):
        is_down = player.buttons & BUTTONS[name]
        draw.text((left + 96 + 14 * place, top + 46), name[:1].upper(), fill=colour if is_down else _GREY)


def _stick(
    draw: ImageDraw.ImageDraw, x: int, y: int, at: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    draw.ellipse((x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS), outline=_GREY)
    tip = (x + at[0] * _RADIUS, y - at[1] * _RADIUS)
    draw.line((x, y, *tip), fill=colour, width=2)
    draw.ellipse((tip[0] - 3, tip[1] - 3, tip[0] + 3, tip[1] + 3), fill=colour)


def resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize a picture, uint8 [H, W, 3]."""
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS), np.uint8)


def write_animation(
    pictures: Sequence[NDArray[np.uint8]], file: Path | BinaryIO, kind: str, frames_per_second: float
) -> None:
    """Write pictures, uint8 [H, W, 3] each, as an animated picture that repeats for ever.

    Args:
        pictures: at least one picture; a single one gives a still.
        file: the file to write.
        kind: "GIF" with 128 colours, or "WEBP", which is smaller and has all colours.
        frames_per_second: how many pictures are shown per second.

    Raises:
        OSError: the file cannot be written.
    """
    images = [Image.fromarray(picture) for picture in pictures]
    if kind == "GIF":
        images = [image.quantize(128) for image in images]
    more: dict[str, Any] = {"quality": _WEBP_QUALITY} if kind == "WEBP" else {}
    if len(images) > 1:
        more |= {"save_all": True, "append_images": images[1:], "loop": 0}
        more["duration"] = round(1000 / frames_per_second)
    images[0].save(file, kind, **more)
