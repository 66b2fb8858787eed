"""The options of an export for MIRA: size and rate of pictures, length of chunks, size of shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifests.exports.mira.keys import KEYS, THRESHOLD
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.video.framing import Framing

FORMAT = "dolphin-farm mira"
VERSION = 1


@dataclass(frozen=True, slots=True)
class MiraOptions:
    """The options of an export for MIRA.

    Attributes:
        size: (height, width) of the pictures, both even; None for the dataset's own size.
        fps: pictures a second; a divisor of 60.
        chunk_seconds: length of a chunk; MIRA's clips never reach from one chunk into the next.
        shard_bytes: approximate size of a shard; a game is never divided between two shards.

    Raises:
        ValueError: a value is out of its range.
    """

    size: tuple[int, int] | None = (288, 384)
    fps: int = FRAMES_PER_SECOND
    chunk_seconds: int = 4
    shard_bytes: int = 256_000_000

    def __post_init__(self) -> None:
        _ = self.framing
        if self.fps < 1 or FRAMES_PER_SECOND % self.fps:
            divisors = [n for n in range(1, FRAMES_PER_SECOND + 1) if FRAMES_PER_SECOND % n == 0]
            message = f"fps divides {FRAMES_PER_SECOND}, so it is one of {divisors}; got {self.fps}"
            raise ValueError(message)
        if self.chunk_seconds < 1 or self.shard_bytes < 1:
            message = (
                f"chunks of {self.chunk_seconds} s in shards of {self.shard_bytes} bytes; both are 1 or more"
            )
            raise ValueError(message)

    @property
    def framing(self) -> Framing:
        """The size, in the form that decoders take."""
        return Framing(size=self.size)

    @property
    def frame_step(self) -> int:
        """Frames of the dataset from one exported picture to the next."""
        return FRAMES_PER_SECOND // self.fps

    @property
    def piece_frames(self) -> int:
        """Frames of the dataset in one chunk of the export."""
        return self.chunk_seconds * FRAMES_PER_SECOND

    def describe(
        self, dataset_sha256: str, height: int, width: int, encoding: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Describe everything that decides an export's bytes, ready for JSON.

        An export with another description is never continued.

        Args:
            dataset_sha256: hash of the selected games.
            height: rows of the exported pictures.
            width: columns of the exported pictures.
            encoding: how pictures are encoded; None if packets are copied.
        """
        return {
            "format": FORMAT, "version": VERSION, "dataset_sha256": dataset_sha256, "size": [height, width],
            "fps": self.fps, "chunk_seconds": self.chunk_seconds, "shard_bytes": self.shard_bytes,
            "encoding": encoding, "keys": list(KEYS), "threshold": THRESHOLD,
        }  # fmt: skip
