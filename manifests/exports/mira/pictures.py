"""Make the video of a piece, by copying packets if size and rate are as wanted, or by encoding once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from manifests.state.schema import FRAMES_PER_SECOND
from manifests.video.decoder import Decoder, GopRun, picture_shape
from manifests.video.open_decoder import open_decoder
from manifests.video.small_mp4 import wrap_run

if TYPE_CHECKING:
    from manifests.exports.mira.options import MiraOptions
    from manifests.exports.mira.pieces import Piece
    from manifests.training.dataset import WindowDataset

Encode: TypeAlias = Callable[[NDArray[np.uint8], int], bytes]
"""A function that makes an mp4 from pictures (packed I420, uint8 [T, H * 3 / 2, W]) and pictures a second."""


def copies_packets(dataset: WindowDataset, options: MiraOptions) -> bool:
    """Whether the dataset's own packets have the wanted size and rate, so that they can be copied."""
    video, grid = dataset.footage.video, dataset.footage.grid
    has_size = options.framing.output(video.width, video.height) == (video.width, video.height)
    return (
        has_size and options.frame_step == grid.picture_step and options.piece_frames % grid.gop_frames == 0
    )


def check_rate(dataset: WindowDataset, options: MiraOptions) -> None:
    """Check that the dataset has a picture for every picture of the export.

    Raises:
        ValueError: the wanted pictures a second are more than the dataset has, or not a divisor of that.
    """
    step = dataset.footage.grid.picture_step
    if options.frame_step % step:
        have = FRAMES_PER_SECOND // step
        message = f"the dataset has {have} pictures a second, so fps is a divisor of that; got {options.fps}"
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class PieceVideos:
    """Makes videos of pieces, one after the other.

    Attributes:
        dataset: the dataset, opened with its pictures.
        options: the options of the export.
        encode: makes videos if packets cannot be copied.
        decoder: decodes pictures if packets cannot be copied.
    """

    dataset: WindowDataset
    options: MiraOptions
    encode: Encode
    decoder: Decoder

    @classmethod
    def of(cls, dataset: WindowDataset, options: MiraOptions, encode: Encode) -> PieceVideos:
        """Open a decoder for a dataset's pictures.

        Raises:
            ValueError: for the reasons of `check_rate`.
        """
        check_rate(dataset, options)
        return cls(dataset, options, encode, open_decoder("libav", "yuv420", options.framing))

    def mp4(self, piece: Piece) -> bytes:
        """Make the mp4 of a piece; the mark of its first key frame is checked.

        Raises:
            StoreFailed: the store cannot give the video.
            VideoUnreadable, RecordRefused: the video is damaged, or is marked as another game or frame.
        """
        run, skipped = self._run(piece)
        if copies_packets(self.dataset, self.options):
            return wrap_run(run, piece.num_steps(self.options.frame_step), self.options.fps)
        wanted = skipped + np.arange(0, piece.num_frames, self.options.frame_step, dtype=np.int64)
        wanted //= self.dataset.footage.grid.picture_step
        size = self.options.framing.output(run.width, run.height)
        pictures = np.empty((wanted.size, *picture_shape("yuv420", *size)), np.uint8)
        self.decoder.decode(run, wanted, pictures)
        return self.encode(pictures, self.options.fps)

    def _run(self, piece: Piece) -> tuple[GopRun, int]:
        """Fetch the GOPs of a piece; also return the number of the piece's first frame within them."""
        footage, reader = self.dataset.footage, self.dataset.reader
        span = footage.gop_span(piece.chunk, piece.start, piece.exclusive_end - 1)
        key = footage.video_key(piece.chunk)
        data = reader.store.get_range(key, span.byte_start, span.byte_exclusive_end)
        run = GopRun(data, footage.avcc(piece.chunk), footage.video.width, footage.video.height)
        reader.check_mark(run, piece.chunk, span.first_frame_index)
        return run, piece.start - span.first_frame_index
