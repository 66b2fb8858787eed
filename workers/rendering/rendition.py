"""Make a smaller copy of a committed game: the same frames and states, with pictures resized and re-encoded.

The copy may show fewer pictures a second: every n-th frame of each chunk, from the first frame on. Its states
files stay as they are, with the inputs of all frames. Before a picture is resized, it is checked again: the
file has its sha256, every key frame carries the mark of its game and frame, and if pictures are stamped,
every stamp is read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from manifests.errors import RecordRefused
from manifests.ledger.commit import place_chunk_file
from manifests.ledger.records import ChunkRecord, GopIndex
from manifests.video.decoder import GopRun, picture_shape
from manifests.video.framing import Framing
from manifests.video.mp4 import read_gops
from manifests.video.open_decoder import open_decoder
from manifests.video.sei import FrameMark, find_mark
from manifests.video.stamp import cell_levels, decode_levels
from workers.rendering.encode import ChunkEncoder, Coding, VideoSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from manifests.ledger.dataset import DatasetDescription, VideoContract
    from manifests.ledger.records import ObjectRef
    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class RenditionMaker:
    """Makes the chunks of one game of another dataset.

    Attributes:
        source: the store of the dataset whose pictures are resized.
        description: the description of that dataset.
        made: the contract of the videos to be made.
    """

    source: Store
    description: DatasetDescription
    made: VideoContract

    def chunk(
        self, store: Store, game_id: str, chunk: ChunkRecord, file_number: int, folder: Path
    ) -> ChunkRecord:
        """Make one chunk and put it on `store`; return its record.

        Raises:
            RecordRefused: the source's files are not those that its records name, or show something else.
            DatasetError: a store failed, or the video cannot be decoded.
            RenderFailed: the encoder failed.
        """
        ref, gops = chunk.footage
        data, path, states = self._get(ref), folder / "rendition.mp4", folder / "states.parquet"
        made = self.made
        encoder = ChunkEncoder(
            path, VideoSettings(made.crf, made.preset), width=made.width, height=made.height,
            mark=FrameMark(chunk.slp_frame_start, game_id), fps=made.fps, coding=Coding(made.gop_pictures),
        )  # fmt: skip
        with encoder:
            for picture in self._pictures(chunk, gops, data, game_id):
                encoder.write(picture)
            encoder.close()
        states.write_bytes(self._get(chunk.states))
        found = read_gops(path, made.fps)
        index = GopIndex.of(found.first_frame_index, found.num_frames, found.byte_offset, found.byte_size)
        record = replace(
            chunk,
            file_number=file_number,
            video=place_chunk_file(store, "video", file_number, path),
            states=place_chunk_file(store, "states", file_number, states),
            gops=index.in_frames(made.picture_step, chunk.num_frames),
            avcc=found.avcc.hex(),
        )
        path.unlink()
        states.unlink()
        return record

    def _get(self, ref: ObjectRef) -> bytes:
        data = self.source.get(ref.key)
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            message = f"{self.source.url}/{ref.key}: not the bytes that the ledger names; audit the dataset"
            raise RecordRefused(message)
        return data

    def _pictures(
        self, chunk: ChunkRecord, gops: GopIndex, data: bytes, game_id: str
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the resized pictures of a chunk, packed I420, after checking that each belongs to its row."""
        contract, made = self._contract(), self.made
        small = open_decoder("libav", "yuv420", Framing(size=(made.height, made.width)))
        whole = open_decoder("libav", "yuv420")
        for first, count, offset, size in zip(
            gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size, strict=True
        ):
            run = GopRun(
                data[offset : offset + size], bytes.fromhex(chunk.avcc), contract.width, contract.height
            )
            slp_frame = chunk.slp_frame_start + first
            shown = np.arange(first, first + count, contract.picture_step)
            self._check_mark(run, FrameMark(slp_frame, game_id))
            if self.description.stamp is not None:
                pictures = np.empty((shown.size, *picture_shape("yuv420", run.width, run.height)), np.uint8)
                whole.decode(run, np.arange(shown.size), pictures)
                self._check_stamps(pictures[:, : run.height], chunk.slp_frame_start + shown)
            wanted = np.flatnonzero(shown % made.picture_step == 0)
            if wanted.size:
                pictures = np.empty(
                    (wanted.size, *picture_shape("yuv420", made.width, made.height)), np.uint8
                )
                small.decode(run, wanted, pictures)
                yield from pictures

    def _contract(self) -> VideoContract:
        if self.description.video is None:
            message = f"{self.source.url} has states alone, so there are no pictures to make smaller"
            raise RecordRefused(message)
        return self.description.video

    def _check_mark(self, run: GopRun, due: FrameMark) -> None:
        mark = find_mark(run.data, run.avcc)
        if mark != due and (mark is not None or self.description.marks_key_frames):
            message = (
                f"{self.source.url}: a key frame is marked {mark}, not slp_frame {due.slp_frame} of game "
                f"{due.game_id:.12}; audit the dataset"
            )
            raise RecordRefused(message)

    def _check_stamps(self, luma: NDArray[np.uint8], slp_frames: NDArray[np.int64]) -> None:
        stamp = self.description.stamp
        assert stamp is not None, "whoever reads stamps has looked whether there are any"
        rows = slice(stamp.top, stamp.top + stamp.height)
        columns = slice(stamp.left, stamp.left + stamp.width)
        numbers, valid = decode_levels(cell_levels(luma[:, rows, columns]))
        if not (valid & (numbers == slp_frames)).all():
            message = (
                f"{self.source.url}: pictures from slp_frame {slp_frames[0]} on do not carry their stamps; "
                "audit the dataset"
            )
            raise RecordRefused(message)
