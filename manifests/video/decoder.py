"""What turns the bytes of some GOPs into pictures: a Protocol, so that libav, torchcodec or NVDEC can do it.

`tests/contracts/test_decoder.py` holds every implementation to this page, and to giving the same frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from manifests.errors import DatasetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PixelFormat: TypeAlias = Literal["rgb", "yuv420"]


class DecoderMissing(DatasetError):  # noqa: N818
    """The decoder that was asked for is not installed, or cannot do what was asked."""


class VideoUnreadable(DatasetError):  # noqa: N818
    """The bytes are not a video as `manifests.ledger.dataset.VideoContract` promises it, or are damaged."""


@dataclass(frozen=True, slots=True)
class GopRun:
    """Whole GOPs of one chunk that follow each other.

    Attributes:
        data: their packets' bytes, as the mp4 holds them.
        avcc: the video's decoder configuration record.
        width: of the pictures.
        height: of the pictures.
    """

    data: bytes
    avcc: bytes
    width: int
    height: int


class Decoder(Protocol):
    """Made once per process (or thread), used for many runs; not shared between threads."""

    name: str

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`.

        Args:
            run: from a key frame on.
            wanted: int64 [K], strictly ascending, counted from the run's first picture.
            out: uint8 [K, *picture_shape(...)], C-contiguous; overwritten.

        Raises:
            VideoUnreadable: the bytes are no such pictures, or fewer than wanted.
        """
        ...


def picture_shape(pixel_format: str, width: int, height: int) -> tuple[int, ...]:
    """Shape of one picture: [H, W, 3] of RGB, or [H * 3 / 2, W] of packed I420.

    Raises:
        ValueError: no such format.
    """
    if pixel_format == "rgb":
        return (height, width, 3)
    if pixel_format == "yuv420":
        return (height * 3 // 2, width)
    message = f"pictures are 'rgb' or 'yuv420', got {pixel_format!r}"
    raise ValueError(message)


def luma_of(pictures: NDArray[np.uint8], pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """Brightness of pictures [..., *picture_shape], good enough to read stamps from: uint8 [..., H, W]."""
    if pixel_format == "yuv420":
        return pictures[..., : pictures.shape[-2] * 2 // 3, :]
    return pictures[..., 1]
