"""Make a decoder of pictures by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.video.decoder import DecoderMissing, picture_shape
from manifests.video.framing import WHOLE

if TYPE_CHECKING:
    from manifests.video.decoder import Decoder, PixelFormat
    from manifests.video.framing import Framing


def open_decoder(name: str, pixel_format: PixelFormat, framing: Framing = WHOLE) -> Decoder:
    """Make a decoder: "libav", "torchcodec" (on the CPU), or "nvdec" (torchcodec on an NVIDIA GPU).

    Raises:
        ValueError: there is no decoder or pixel format with that name.
        DecoderMissing: the decoder's library is not installed, or it cannot give that pixel format or size.
    """
    picture_shape(pixel_format, 2, 2)  # refuses an unknown format before any library is loaded
    if name == "libav":
        from manifests.video.libav import LibavDecoder  # noqa: PLC0415 - PyAV is an extra

        return LibavDecoder(pixel_format, framing)
    if name in ("torchcodec", "nvdec"):
        if not framing.is_whole:
            message = f"{name} gives whole pictures alone; take decoder='libav' for a size or a crop"
            raise DecoderMissing(message)
        from manifests.video.torchcodec_decoder import TorchcodecDecoder  # noqa: PLC0415 - an extra

        return TorchcodecDecoder(pixel_format, "cuda" if name == "nvdec" else "cpu")
    message = f"decoders are libav, torchcodec and nvdec, got {name!r}"
    raise ValueError(message)
