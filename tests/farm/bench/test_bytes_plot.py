"""The plot of bytes against quality has a line for each preset, and none for other ways to encode."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("matplotlib", reason="the extra `render` is not installed")

from PIL import Image

from farm.bench._bytes_plot import draw
from farm.bench._bytes_trial import BytesTrial
from workers.rendering.chunk import GOP_FRAMES

if TYPE_CHECKING:
    from pathlib import Path

FINE = BytesTrial(
    preset="veryfast", crf=20, gop_pictures=GOP_FRAMES, b_frames=0, refreshes_within=False, region_offset=0.0,
    height=480, bytes_per_frame=3265, cpu_seconds_per_1000=3.1, psnr_db=42.7, ssim=0.98, ssim_fighters=0.969,
    vmaf=None, read_share=1.0, window_milliseconds=9.0,
)  # fmt: skip
COARSE = replace(FINE, crf=35, bytes_per_frame=711, psnr_db=30.9, ssim_fighters=0.743)


def drawn(folder: Path, *trials: BytesTrial) -> bytes:
    path = folder / "plot.png"
    draw(trials, path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.tobytes()


@pytest.mark.slow
def test_the_order_of_trials_does_not_matter(tmp_path: Path):
    assert drawn(tmp_path, FINE, COARSE) == drawn(tmp_path, COARSE, FINE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"gop_pictures": 2 * GOP_FRAMES}, {"b_frames": 2}, {"refreshes_within": True}]
)
def test_other_codings_are_left_out(tmp_path: Path, change: dict[str, int]):
    other = replace(FINE, bytes_per_frame=2000, **change)  # type: ignore[arg-type]
    assert drawn(tmp_path, FINE, COARSE, other) == drawn(tmp_path, FINE, COARSE)


@pytest.mark.slow
def test_another_preset_is_another_line(tmp_path: Path):
    other = replace(COARSE, preset="medium", psnr_db=32.1)
    assert drawn(tmp_path, FINE, COARSE, other) != drawn(tmp_path, FINE, COARSE)


@pytest.mark.slow
def test_fighters_that_nobody_found_are_no_point(tmp_path: Path):
    unknown = replace(COARSE, ssim_fighters=None)
    assert drawn(tmp_path, FINE, unknown) != drawn(tmp_path, FINE, COARSE)
