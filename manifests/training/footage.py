"""The parts of a snapshot that a loader needs, as arrays: games, chunks, and each GOP's place in a video."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.compute as pc

from manifests.errors import RecordRefused
from manifests.ledger.tables import TABLES
from manifests.training.row_filter import RowFilter
from manifests.training.windows import ChunkGrid

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from manifests.snapshot.reader import Manifest

    Int = NDArray[np.int64]


_CHUNK_COLUMNS: Final = (
    "game_id", "chunk_index", "file_number", "slp_frame_start", "num_frames", "states_key", "states_sha256",
)  # fmt: skip
_GOP_COLUMNS: Final = ("file_number", "gop_index", "first_frame_index", "byte_offset", "byte_size")
_VIDEO_COLUMNS: Final = ("num_gops", "video_key", "avcc")


@dataclass(frozen=True, slots=True)
class GopSpan:
    """A run of whole GOPs of one chunk, which one request for a range of bytes fetches.

    Attributes:
        first: row of its first GOP in the columns of `Footage`.
        exclusive_end: one past the row of its last GOP.
        first_frame_index: frame_index of its first picture.
        byte_start: offset of the run's first byte in the video file.
        byte_exclusive_end: offset one past the run's last byte in the video file.
    """

    first: int
    exclusive_end: int
    first_frame_index: int
    byte_start: int
    byte_exclusive_end: int


@dataclass(frozen=True, eq=False, slots=True)
class GopTable:
    """Where the GOPs of C chunks are in their videos, and the parameters needed to decode them.

    Attributes:
        offset: int64 [C + 1], the row at which each chunk's GOPs begin; at the end, the number of all GOPs.
        byte_offset: int64 [num_gops], where each GOP begins in its video file.
        byte_size: int64 [num_gops], the bytes of each GOP.
        video_keys: key of each chunk's video, strings.
        avcc: decoder configuration record of each chunk's video, binary.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
    """

    offset: Int
    byte_offset: Int
    byte_size: Int
    video_keys: pa.ChunkedArray
    avcc: pa.ChunkedArray
    width: int
    height: int


@dataclass(frozen=True, eq=False, slots=True)
class Footage:
    """The games, chunks and GOPs of a dataset, or of the part of it that was asked for.

    Attributes:
        games: the games table's rows, in order of game_id.
        grid: the C chunks and their key frames; the columns below have the same order.
        slp_frame_start: int64 [C], the slp_frame of each chunk's first frame.
        file_number: int64 [C], the number that the plan gave to each chunk.
        states_keys: key of each chunk's states file, strings.
        states_sha256: uint8 [C, 32], hash of each chunk's states file.
        sha256: hash of what was selected from which snapshot; the windows' order depends on it.
        gops: where the pictures are; None if no pictures were asked for.
    """

    games: pa.Table
    grid: ChunkGrid
    slp_frame_start: Int
    file_number: Int
    states_keys: pa.ChunkedArray
    states_sha256: NDArray[np.uint8]
    sha256: str
    gops: GopTable | None = None

    @property
    def num_games(self) -> int:
        """Number of selected games."""
        return int(self.games.num_rows)

    @property
    def video(self) -> GopTable:
        """The table of GOPs, which says where the pictures are.

        Raises:
            ValueError: the dataset was opened without "video".
        """
        if self.gops is None:
            message = "the dataset was opened without pictures; add 'video' to its fields"
            raise ValueError(message)
        return self.gops

    def video_key(self, chunk: int) -> str:
        """Key of a chunk's video."""
        key: str = self.video.video_keys[chunk].as_py()
        return key

    def avcc(self, chunk: int) -> bytes:
        """Return the decoder configuration record of a chunk's video."""
        record: bytes = self.video.avcc[chunk].as_py()
        return record

    def states_key(self, chunk: int) -> str:
        """Key of a chunk's states file."""
        key: str = self.states_keys[chunk].as_py()
        return key

    def gop_span(self, chunk: int, frame_index: int, last_frame_index: int) -> GopSpan:
        """Find the GOPs that hold the frames from frame_index to last_frame_index, both included."""
        begin, gop_frames = int(self.video.offset[chunk]), self.grid.gop_frames
        first, last = begin + frame_index // gop_frames, begin + last_frame_index // gop_frames
        return GopSpan(
            first=first,
            exclusive_end=last + 1,
            first_frame_index=(first - begin) * gop_frames,
            byte_start=int(self.video.byte_offset[first]),
            byte_exclusive_end=int(self.video.byte_offset[last] + self.video.byte_size[last]),
        )


def select_footage(
    manifest: Manifest, split: str | None = None, where: str | None = None, *, with_video: bool = True
) -> Footage:
    """Select the games of a split that match a filter; all games by default.

    Without video, nothing of the GOP table, by far the largest, is read.

    Raises:
        ValueError: the filter cannot be read, the split has no games, no game is left, or pictures are
            wanted from a dataset of states alone.
        RecordRefused: the snapshot's tables do not fit together.
    """
    games = manifest.games()
    keep = np.ones(games.num_rows, bool)
    if split is not None:
        splits = np.array(games["split"].to_pylist(), object)
        keep &= splits == split
        if not keep.any():
            there_are = ", ".join(sorted({str(name) for name in splits}))
            message = f"no game is in split {split!r}; there are {there_are}"
            raise ValueError(message)
    if where is not None:
        row_filter = RowFilter(where, frozenset(column.name for column in TABLES["games"]))
        keep &= np.array([row_filter(_with_names_seen(row)) for row in games.to_pylist()], bool)
    if not keep.any():
        asked = {"split": split, "filter": where}
        by = [f"{name} {value!r}" for name, value in asked.items() if value is not None]
        message = f"no game of {manifest.store.url} is left by {' and '.join(by) or 'the plan'}"
        raise ValueError(message)
    if with_video and manifest.description.video is None:
        message = (
            f"{manifest.store.url} is a dataset of states alone, which has no pictures; read fields without "
            "'video', such as fields=['state', 'action']; or use `farm state`, `farm sql` or `farm export "
            "packed`"
        )
        raise ValueError(message)
    return _of_games(manifest, games.filter(keep), [split, where], with_video=with_video)


def _with_names_seen(row: dict[str, Any]) -> dict[str, Any]:
    """Make `'SHEIK' in characters_seen` work: keep only names, or those of the chosen characters."""
    seen = row["characters_seen"]
    names = row["characters"] if seen is None else [one["character_name"] for one in seen]
    return {**row, "characters_seen": names}


def _of_games(
    manifest: Manifest, games: pa.Table, selection: list[str | None], *, with_video: bool
) -> Footage:
    # Everything becomes an array in the order of games, chunks and GOPs; tables have them by game_id.
    names = [*_CHUNK_COLUMNS, *(_VIDEO_COLUMNS if with_video else ())]
    chunks = manifest.table("chunks", names)
    game = pc.index_in(chunks["game_id"], value_set=games["game_id"]).fill_null(-1).to_numpy()
    game = game.astype(np.int64)
    rows = np.flatnonzero(game >= 0)
    rows = rows[np.lexsort((chunks["chunk_index"].to_numpy()[rows], game[rows]))]
    chunks = chunks.take(rows)
    video = manifest.description.video
    # The order of windows depends on this identity: the same selection of the same chunks gives the same
    # order.
    identity = [manifest.snapshot.tables["chunks"].object.sha256, *selection, games["game_id"].to_pylist()]
    return Footage(
        games=games,
        grid=ChunkGrid(
            game=game[rows],
            num_frames=chunks["num_frames"].to_numpy().astype(np.int64),
            gop_frames=1 if video is None else video.gop_frames,
            picture_step=manifest.description.picture_step,
        ),
        slp_frame_start=chunks["slp_frame_start"].to_numpy().astype(np.int64),
        file_number=chunks["file_number"].to_numpy().astype(np.int64),
        states_keys=chunks["states_key"],
        states_sha256=_hashes(chunks["states_sha256"]),
        sha256=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        gops=_gops(manifest, chunks) if with_video else None,
    )


def _hashes(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    """Convert a column of hexadecimal hashes to bytes, uint8 [C, 32]."""
    digits = np.array(column.to_pylist(), "S64").view(np.uint8).reshape(-1, 64)
    values = np.where(digits >= ord("a"), digits - ord("a") + 10, digits - ord("0")).astype(np.uint8)
    joined: NDArray[np.uint8] = values[:, ::2] * np.uint8(16) + values[:, 1::2]
    return joined


def _gops(manifest: Manifest, chunks: pa.Table) -> GopTable:
    """Read where the GOPs of some chunks are, ordered by their chunk's row and then by their place in it."""
    gops = manifest.table("gops", list(_GOP_COLUMNS))
    video = manifest.description.video
    assert video is not None, "whoever asks for pictures has looked whether there are any"
    numbers = chunks["file_number"].to_numpy()
    by_number = np.argsort(numbers)
    found = np.searchsorted(numbers[by_number], gops["file_number"].to_numpy())
    found = by_number[np.minimum(found, numbers.size - 1)]
    ours = np.flatnonzero(numbers[found] == gops["file_number"].to_numpy())
    ours = ours[np.lexsort((gops["gop_index"].to_numpy()[ours], found[ours]))]
    per_chunk = np.bincount(found[ours], minlength=numbers.size)
    offset = np.concatenate([[0], np.cumsum(per_chunk)]).astype(np.int64)
    place = np.arange(ours.size) - np.repeat(offset[:-1], per_chunk)
    is_regular = gops["first_frame_index"].to_numpy()[ours] == place * video.gop_frames
    if (per_chunk != chunks["num_gops"].to_numpy()).any() or not is_regular.all():
        message = (
            f"{manifest.store.url}: the tables gops and chunks of snapshot {manifest.snapshot.number} do not "
            "fit together; run farm finalize --from-scratch"
        )
        raise RecordRefused(message)
    return GopTable(
        offset=offset,
        byte_offset=gops["byte_offset"].to_numpy()[ours].astype(np.int64),
        byte_size=gops["byte_size"].to_numpy()[ours].astype(np.int64),
        video_keys=chunks["video_key"],
        avcc=chunks["avcc"],
        width=video.width,
        height=video.height,
    )
