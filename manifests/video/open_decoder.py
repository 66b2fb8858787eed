"""Choose a decoder by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.video.decoder import picture_shape

if TYPE_CHECKING:
    from manifests.video.decoder import Decoder, PixelFormat


def open_decoder(name: str, pixel_format: PixelFormat) -> Decoder:
    """Make a decoder: "libav", "torchcodec" (on the CPU), or "nvdec" (torchcodec on an NVIDIA GPU).

    Raises:
        ValueError: there is no decoder or pixel format of that name.
        DecoderMissing: its library is not installed, or it does not give that pixel format.
    """
    picture_shape(pixel_format, 2, 2)  # refuses an unknown format before any library is loaded
    if name == "libav":
        from manifests.video.libav import LibavDecoder  # noqa: PLC0415 - PyAV is an extra

        return LibavDecoder(pixel_format)
    if name in ("torchcodec", "nvdec"):
        from manifests.video.torchcodec_decoder import TorchcodecDecoder  # noqa: PLC0415 - an extra

        return TorchcodecDecoder(pixel_format, "cuda" if name == "nvdec" else "cpu")
    message = f"decoders are libav, torchcodec and nvdec, got {name!r}"
    raise ValueError(message)
