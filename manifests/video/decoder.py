"""The contract of a decoder, which turns the bytes of groups of pictures (GOPs) into pictures.

There are implementations with libav, torchcodec and NVDEC. `tests/contracts/test_decoder.py` checks that each
of them keeps this contract, and that all give the same pictures.
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
    """The wanted decoder is not installed, or cannot give pictures of the wanted format or size."""


class VideoUnreadable(DatasetError):  # noqa: N818
    """The bytes are damaged, or not a video as described by `manifests.ledger.dataset.VideoContract`."""


@dataclass(frozen=True, slots=True)
class GopRun:
    """The bytes of some consecutive whole GOPs of one chunk.

    Attributes:
        data: bytes of all packets of these GOPs, as the mp4 holds them.
        avcc: the video's decoder configuration record.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
    """

    data: bytes
    avcc: bytes
    width: int
    height: int


class Decoder(Protocol):
    """Decodes many runs of GOPs, one after the other; each process or thread makes a decoder of its own."""

    name: str

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`.

        Args:
            run: the GOPs, which begin with a key frame.
            wanted: int64 [K], numbers of pictures, counted from the run's first; strictly ascending.
            out: uint8 [K, *picture_shape(...)] in the output size, C-contiguous; it is overwritten.

        Raises:
            VideoUnreadable: the bytes are not such pictures, or there are fewer than wanted.
        """
        ...


def picture_shape(pixel_format: str, width: int, height: int) -> tuple[int, ...]:
    """Return the shape of one picture: [H, W, 3] of RGB, or [H * 3 / 2, W] of packed I420 planes.

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
    """Return the brightness of pictures [..., *picture_shape], uint8 [..., H, W], exact enough for stamps."""
    if pixel_format == "yuv420":
        return pictures[..., : pictures.shape[-2] * 2 // 3, :]
    return pictures[..., 1]  # green; a stamp is black and white, so any channel would do
