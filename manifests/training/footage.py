"""What a loader needs of a snapshot, as arrays: games, their chunks, and where every GOP is in its video."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.errors import RecordRefused
from manifests.ledger.tables import TABLES
from manifests.training.row_filter import RowFilter
from manifests.training.windows import ChunkGrid

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from manifests.snapshot.reader import Manifest

    Int = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GopSpan:
    """A run of whole GOPs of one chunk, which one request for a range of bytes fetches.

    Attributes:
        first: row of its first GOP in the columns of `Footage`.
        exclusive_end: one past the row of its last GOP.
        first_frame_index: frame_index of its first picture.
        byte_start: where it begins in the video file.
        byte_exclusive_end: where it ends in the video file.
    """

    first: int
    exclusive_end: int
    first_frame_index: int
    byte_start: int
    byte_exclusive_end: int


@dataclass(frozen=True, eq=False, slots=True)
class Footage:
    """Games, chunks and GOPs of a dataset, or of the part of it that was asked for.

    Attributes:
        games: the games table's rows, in order of game_id.
        grid: the C chunks and their key frames; the columns below have the same order.
        slp_frame_start: int64 [C], the slp_frame of each chunk's first frame.
        gop_byte_offset: int64 [num_gops], where each GOP begins in its video file.
        gop_byte_size: int64 [num_gops], the bytes of each GOP.
        video_keys: key of each chunk's video.
        states_keys: key of each chunk's states file.
        states_sha256: hash of each chunk's states file, in hexadecimal.
        avcc: decoder configuration record of each chunk's video.
        sha256: hash of what was selected from which snapshot; the windows' order depends on it.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
    """

    games: pa.Table
    grid: ChunkGrid
    slp_frame_start: Int
    gop_byte_offset: Int
    gop_byte_size: Int
    video_keys: list[str]
    states_keys: list[str]
    states_sha256: list[str]
    avcc: list[bytes]
    sha256: str
    width: int
    height: int

    @property
    def num_games(self) -> int:
        """Number of games that were selected."""
        return int(self.games.num_rows)

    def gop_span(self, chunk: int, frame_index: int, last_frame_index: int) -> GopSpan:
        """Find the GOPs that hold the frames from frame_index to last_frame_index, both included."""
        begin, end = int(self.grid.gop_offset[chunk]), int(self.grid.gop_offset[chunk + 1])
        firsts = self.grid.gop_first[begin:end]
        first = begin + int(np.searchsorted(firsts, frame_index, side="right")) - 1
        last = begin + int(np.searchsorted(firsts, last_frame_index, side="right")) - 1
        return GopSpan(
            first=first,
            exclusive_end=last + 1,
            first_frame_index=int(self.grid.gop_first[first]),
            byte_start=int(self.gop_byte_offset[first]),
            byte_exclusive_end=int(self.gop_byte_offset[last] + self.gop_byte_size[last]),
        )


def select_footage(manifest: Manifest, split: str | None = None, where: str | None = None) -> Footage:
    """Select the games of a split for which a filter holds; all games by default.

    Raises:
        ValueError: a filter that cannot be read, a split without games, or no game is left.
        RecordRefused: the snapshot's tables do not fit together.
    """
    games = manifest.games()
    keep = np.ones(games.num_rows, bool)
    if split is not None:
        splits = np.array(games["split"].to_pylist(), object)
        keep &= splits == split
        if not keep.any():
            message = f"no game is in split {split!r}; there are {sorted({str(name) for name in splits})}"
            raise ValueError(message)
    if where is not None:
        row_filter = RowFilter(where, frozenset(column.name for column in TABLES["games"]))
        keep &= np.array([row_filter(_with_names_seen(row)) for row in games.to_pylist()], bool)
    if not keep.any():
        message = f"no game of {manifest.store.url} is left by split {split!r} and filter {where!r}"
        raise ValueError(message)
    return _of_games(manifest, games.filter(keep), [split, where])


def _with_names_seen(row: dict[str, Any]) -> dict[str, Any]:
    """Let `'SHEIK' in characters_seen` be a condition: names alone; those chosen where none were noted."""
    seen = row["characters_seen"]
    names = row["characters"] if seen is None else [one["character_name"] for one in seen]
    return {**row, "characters_seen": names}


def _of_games(manifest: Manifest, games: pa.Table, selection: list[str | None]) -> Footage:
    # Everything becomes an array in the order of games, chunks and GOPs; tables have them by game_id.
    place = {game_id: number for number, game_id in enumerate(games["game_id"].to_pylist())}
    chunks, gops = manifest.chunks(), manifest.gops()
    game = np.array([place.get(game_id, -1) for game_id in chunks["game_id"].to_pylist()], np.int64)
    rows = np.flatnonzero(game >= 0)
    rows = rows[np.lexsort((chunks["chunk_index"].to_numpy()[rows], game[rows]))]
    chunks = chunks.take(rows)
    numbers = chunks["file_number"].to_numpy()
    # GOPs in the order of the chunks: by their chunk's row, then as they follow in it.
    by_number = np.argsort(numbers)
    found = np.searchsorted(numbers[by_number], gops["file_number"].to_numpy())
    found = by_number[np.minimum(found, numbers.size - 1)]
    ours = np.flatnonzero(numbers[found] == gops["file_number"].to_numpy())
    ours = ours[np.lexsort((gops["gop_index"].to_numpy()[ours], found[ours]))]
    per_chunk = np.bincount(found[ours], minlength=numbers.size)
    if (per_chunk != chunks["num_gops"].to_numpy()).any():
        message = (
            f"{manifest.store.url}: the tables gops and chunks of snapshot {manifest.snapshot.number} do not "
            "fit together; run farm finalize --from-scratch"
        )
        raise RecordRefused(message)
    video = manifest.description.video
    # What the order of windows depends on: the same selection of the same chunks gives the same order.
    identity = [manifest.snapshot.tables["chunks"].object.sha256, *selection, games["game_id"].to_pylist()]
    return Footage(
        games=games,
        grid=ChunkGrid(
            game=game[rows],
            num_frames=chunks["num_frames"].to_numpy().astype(np.int64),
            gop_offset=np.concatenate([[0], np.cumsum(per_chunk)]).astype(np.int64),
            gop_first=gops["first_frame_index"].to_numpy()[ours].astype(np.int64),
        ),
        slp_frame_start=chunks["slp_frame_start"].to_numpy().astype(np.int64),
        gop_byte_offset=gops["byte_offset"].to_numpy()[ours].astype(np.int64),
        gop_byte_size=gops["byte_size"].to_numpy()[ours].astype(np.int64),
        video_keys=chunks["video_key"].to_pylist(),
        states_keys=chunks["states_key"].to_pylist(),
        states_sha256=chunks["states_sha256"].to_pylist(),
        avcc=chunks["avcc"].to_pylist(),
        sha256=hashlib.sha256(json.dumps(identity).encode()).hexdigest(),
        width=video.width,
        height=video.height,
    )
