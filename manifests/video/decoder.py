"""The contract of a decoder, which turns the bytes of groups of pictures (GOPs) into pictures.

libav, torchcodec and NVDEC keep it. `tests/contracts/test_decoder.py` holds every implementation to this
contract, and to giving the same pictures.
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
    """The decoder that was asked for is not installed, or cannot give what was asked for."""


class VideoUnreadable(DatasetError):  # noqa: N818
    """The bytes are not a video as `manifests.ledger.dataset.VideoContract` promises it, or are damaged."""


@dataclass(frozen=True, slots=True)
class GopRun:
    """The bytes of some whole GOPs of one chunk, which follow each other.

    Attributes:
        data: bytes of all their packets, as the mp4 holds them.
        avcc: the video's decoder configuration record.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
    """

    data: bytes
    avcc: bytes
    width: int
    height: int


class Decoder(Protocol):
    """Decodes many runs, one after the other; each process, or thread, makes one of its own."""

    name: str

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`.

        Args:
            run: begins with a key frame.
            wanted: int64 [K], numbers of pictures, counted from the run's first; strictly ascending.
            out: uint8 [K, *picture_shape(...)] of the size that comes out, C-contiguous; overwritten.

        Raises:
            VideoUnreadable: the bytes are not such pictures, or there are fewer than wanted.
        """
        ...


def picture_shape(pixel_format: str, width: int, height: int) -> tuple[int, ...]:
    """Give the shape of one picture: [H, W, 3] of RGB, or [H * 3 / 2, W] of packed I420 planes.

    Raises:
        ValueError: there is no such format.
    """
    if pixel_format == "rgb":
        return (height, width, 3)
    if pixel_format == "yuv420":
        return (height * 3 // 2, width)
    message = f"pictures are 'rgb' or 'yuv420', got {pixel_format!r}"
    raise ValueError(message)


def luma_of(pictures: NDArray[np.uint8], pixel_format: PixelFormat) -> NDArray[np.uint8]:
    """Give the brightness of pictures [..., *picture_shape], uint8 [..., H, W]: exact enough for stamps."""
    if pixel_format == "yuv420":
        return pictures[..., : pictures.shape[-2] * 2 // 3, :]
    return pictures[..., 1]  # green; a stamp is black and white, so any channel would do
