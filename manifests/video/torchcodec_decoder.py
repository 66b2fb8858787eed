"""A decoder that uses torchcodec, on the CPU or, with device "cuda", NVDEC on an NVIDIA GPU.

torchcodec reads containers, so a run is first wrapped into a small mp4 in memory, packet by packet. The
figures of `farm bench loader` include that cost. On a GPU the same code runs with another device; no machine
with a GPU has run it yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.video.decoder import DecoderMissing, VideoUnreadable
from manifests.video.small_mp4 import wrap_run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from manifests.video.decoder import GopRun, PixelFormat


class TorchcodecDecoder:
    """A decoder that uses torchcodec; it gives only RGB.

    Raises:
        DecoderMissing: torchcodec or the device is missing, or planes are asked for.
    """

    def __init__(self, pixel_format: PixelFormat, device: str = "cpu") -> None:
        if pixel_format != "rgb":
            message = "torchcodec gives RGB alone; take pixel_format='rgb', or decoder='libav'"
            raise DecoderMissing(message)
        try:
            import torch  # noqa: PLC0415 - both are extras
            from torchcodec.decoders import VideoDecoder  # noqa: PLC0415
        except (ImportError, RuntimeError, OSError) as error:
            message = f"torchcodec cannot be loaded ({error!s:.200}); install it, or take decoder='libav'"
            raise DecoderMissing(message) from error
        if device != "cpu" and not torch.cuda.is_available():
            message = "NVDEC needs an NVIDIA GPU that torch can see; take decoder='libav'"
            raise DecoderMissing(message)
        self.name = "torchcodec" if device == "cpu" else "nvdec"
        self._device, self._open = device, VideoDecoder

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`; as `Decoder.decode`."""
        try:
            data = wrap_run(run)
            # "approximate" trusts the mp4's index, which we have just written, instead of scanning the file.
            video = self._open(data, device=self._device, num_ffmpeg_threads=1, dimension_order="NHWC",
                               seek_mode="approximate")  # fmt: skip
            frames = video.get_frames_at(indices=wanted.tolist()).data
        except (ValueError, RuntimeError, IndexError) as error:
            message = f"the GOPs cannot be decoded: {error}"
            raise VideoUnreadable(message) from error
        out[:] = frames.cpu().numpy()
