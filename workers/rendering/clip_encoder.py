"""Encode a short clip in memory for an export, with the settings of a dataset's videos, without marks."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from workers.rendering.encode import ChunkEncoder, VideoSettings

if TYPE_CHECKING:
    from manifests.ledger.dataset import VideoContract
    from workers.emulator.contract import Yuv


@dataclass(frozen=True, slots=True)
class ClipEncoder:
    """Encodes clips, one after the other; the same pictures give the same bytes.

    Attributes:
        settings: the choices that the video contract leaves open.
    """

    settings: VideoSettings

    @classmethod
    def like(cls, contract: VideoContract | None) -> Self:
        """Make an encoder with the quality of a dataset's videos; with default settings if it has none."""
        return cls(VideoSettings() if contract is None else VideoSettings(contract.crf, contract.preset))

    def describe(self) -> dict[str, Any]:
        """Describe how clips are encoded, ready for JSON."""
        return {"codec": "h264", **dataclasses.asdict(self.settings)}

    def encode(self, pictures: Yuv, fps: int) -> bytes:
        """Make an mp4 of pictures, packed I420, uint8 [T, H * 3 / 2, W], with a key frame every 30.

        Raises:
            RenderFailed: the encoder failed.
            EnvironmentFailed: there is no room for a scratch file.
        """
        rows, columns = pictures.shape[1:]
        with tempfile.TemporaryDirectory(prefix="farm-clip-") as scratch:
            path = Path(scratch) / "clip.mp4"
            with ChunkEncoder(path, self.settings, width=columns, height=rows * 2 // 3, fps=fps) as encoder:
                for picture in pictures:
                    encoder.write(picture)
                encoder.close()
            return path.read_bytes()
