"""Mainline Dolphin keeps colours right on the way from the game's vertices to our pictures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from workers.emulator.contract import HEIGHT, WIDTH, BootImage, Deadlines, Picture
from workers.emulator.mainline import MainlineDolphin
from workers.standin.image import build
from workers.standin.image.dol import Section, write_dol

CHART = Path(__file__).parent / "colour_chart" / "main.c"
RGB = np.array(
    [
        (0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255),
        (255, 255, 0), (0, 255, 255), (255, 0, 255), (200, 120, 60), (30, 90, 160), (250, 220, 190),
    ],
    np.float64,
)  # fmt: skip


def chart_image(folder: Path) -> bytes:
    """A program that shows the colour chart, as a DOL, compiled as the stand-in is."""
    if build.compiler_version() is None:
        pytest.skip(f"{build.COMPILER} is not installed: the colour chart cannot be built")
    elf, flat = folder / "chart.elf", folder / "chart.bin"
    sources = [*(str(build.GAME / name) for name in ("gx.c", "vi.c", "uart.c", "start.S")), str(CHART)]
    command = [build.COMPILER, *build.FLAGS, "-I", ".", *sources, "-o", str(elf)]
    subprocess.run(command, cwd=build.GAME, check=True, timeout=240)
    subprocess.run([build.OBJCOPY, "-O", "binary", elf, flat], check=True, timeout=240)
    return write_dol(
        entry=build.LOAD_ADDRESS, text=(Section(build.LOAD_ADDRESS, flat.read_bytes()),), data=()
    )


def bt601_limited(rgb: np.ndarray) -> np.ndarray:
    """Y, Cb, Cr of ITU-R BT.601, limited range, from its own coefficients: float [..., 3]."""
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack(
        [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402], axis=-1
    )


def patch_means(plane: np.ndarray) -> np.ndarray:
    """Mean level in the middle of each of the 3 x 4 patches: float [12]."""
    size = plane.shape[0] // 3
    patches = plane.reshape(3, size, 4, size).swapaxes(1, 2)
    inner = slice(size // 4, size * 3 // 4)
    return patches[:, :, inner, inner].mean((2, 3)).ravel()


@pytest.mark.dolphin
def test_pictures_are_bt601_limited_range_and_one_pixel_stays_one_pixel(tmp_path: Path):
    boot_image = BootImage(chart_image(tmp_path), num_frames=1)
    with MainlineDolphin().play(boot_image, tmp_path, Deadlines(120.0, 60.0, 280.0)) as events:
        pictures = [event for event in events if isinstance(event, Picture)]
    assert len(pictures) == boot_image.num_pictures
    for picture in pictures:
        chroma = picture.yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
        seen = np.stack([patch_means(plane) for plane in (picture.luma, *chroma)], axis=-1)
        assert np.abs(seen - bt601_limited(RGB)).max() <= 1.5
        # Edges are sharp, which a rescaling pass would blur; black meets white between columns 159 and 160.
        assert picture.luma[80, 158:162].tolist() == [16, 16, 235, 235]
