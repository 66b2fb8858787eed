"""The form of a sample's pictures: pixel format, layout, size, crop and decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from manifests.video.decoder import picture_shape
from manifests.video.framing import Framing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.video.decoder import PixelFormat


@dataclass(frozen=True, slots=True)
class Pictures:
    """How pictures are decoded and laid out.

    Attributes:
        pixel_format: "rgb" for uint8 [T, 3, H, W], or "yuv420" for packed planes, uint8 [T, H * 3 / 2, W].
        stack_layout: where the K pictures of a step go if the window stacks them, oldest first: "channels"
            for [T, 3 * K, H, W], "frames" for [T, K, 3, H, W]. Planes of yuv420 are always stacked as frames.
        decoder: "libav" (PyAV), "torchcodec" (on the CPU), or "nvdec" (torchcodec on an NVIDIA GPU).
        size: (height, width) of the decoded pictures, which are resized during decoding (only libav can);
            None to keep the size of the video, or of the crop.
        crop: (top, left, height, width) of the part to keep, in pixels of the video; None for all.

    Raises:
        ValueError: the pixel format or layout is unknown, or the size or crop is not valid.
    """

    pixel_format: PixelFormat = "rgb"
    stack_layout: Literal["channels", "frames"] = "channels"
    decoder: Literal["libav", "torchcodec", "nvdec"] = "libav"
    size: tuple[int, int] | None = None
    crop: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        picture_shape(self.pixel_format, 2, 2)
        _ = self.framing
        if self.stack_layout not in ("channels", "frames"):
            message = f"stack_layout is 'channels' or 'frames', got {self.stack_layout!r}"
            raise ValueError(message)

    @property
    def framing(self) -> Framing:
        """The part of the video's pictures that is decoded, and its size."""
        return Framing(self.size, self.crop)

    def shape(self, width: int, height: int) -> tuple[int, ...]:
        """Shape of one picture as it is decoded: [H, W, 3] of RGB, or [H * 3 / 2, W] of planes.

        Args:
            width: columns of the video.
            height: rows of the video.

        Raises:
            ValueError: the crop reaches beyond the picture.
        """
        return picture_shape(self.pixel_format, *self.framing.output(width, height))

    def arrange(self, pictures: NDArray[np.uint8], stack: int) -> NDArray[np.uint8]:
        """Lay decoded pictures out as samples hold them, without a copy where possible.

        Args:
            pictures: uint8 [..., T + stack - 1, *shape], as they were decoded.
            stack: pictures per step, the step's own included.

        Returns:
            uint8 [..., T, ...], see the class.
        """
        lead = pictures.ndim - (4 if self.pixel_format == "rgb" else 3)
        if self.pixel_format == "rgb":
            pictures = np.moveaxis(pictures, -1, -3)
        if stack == 1:
            return pictures
        # [..., T, picture..., K] -> [..., T, K, picture...]
        windows = np.lib.stride_tricks.sliding_window_view(pictures, stack, axis=lead)
        stacked = np.moveaxis(windows, -1, lead + 1)
        if self.stack_layout == "frames" or self.pixel_format != "rgb":
            return stacked
        return stacked.reshape(*stacked.shape[: lead + 1], -1, *stacked.shape[-2:])
