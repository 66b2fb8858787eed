"""Makes up results of `farm bench bytes` for tests."""

from __future__ import annotations

from typing import Any

from farm.bench._bytes_trial import BytesTrial


def bytes_trial(**changes: Any) -> BytesTrial:
    """A trial with the default settings, except for the given fields."""
    usual = {
        "preset": "veryfast", "crf": 23.0, "gop_pictures": 30, "b_frames": 0, "refreshes_within": False,
        "region_offset": 0.0, "height": 480, "bytes_per_frame": 2400.0, "cpu_seconds_per_1000": 3.0,
        "psnr_db": 40.0, "ssim": 0.99, "ssim_fighters": 0.95, "vmaf": None, "read_share": 1.0,
        "window_milliseconds": 15.0,
    }  # fmt: skip
    return BytesTrial(**{**usual, **changes})
