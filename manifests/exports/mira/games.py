"""Turn one game into the files of a tar shard, and into the entry of index.json that names them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.exports.mira.anchors import find_happenings, make_anchors
from manifests.exports.mira.keys import held_keys, join_steps, key_lines
from manifests.exports.mira.physics import physics_lines
from manifests.exports.mira.pieces import Piece, cut_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.exports.mira.options import MiraOptions
    from manifests.exports.mira.pictures import PieceVideos
    from manifests.state.table import StateTable
    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a tar shard."""

    name: str
    data: bytes


class GameExport:
    """Reads games, and makes the files and the index entry that an export holds for each.

    Args:
        dataset: the dataset, opened with its pictures.
        options: the options of the export.
        videos: makes the videos.
    """

    def __init__(self, dataset: WindowDataset, options: MiraOptions, videos: PieceVideos) -> None:
        self._dataset, self._options, self._videos = dataset, options, videos
        self._read: tuple[int, dict[int, StateTable]] = (-1, {})
        self._facts = dataset.games.select(["game_id", "split", "stage_name", "characters"]).to_pylist()

    def split(self, game: int) -> str:
        """Return the split of a game; "unsplit" for a game without a split."""
        return self._facts[game]["split"] or "unsplit"

    def pieces(self, game: int) -> list[Piece]:
        """Cut all chunks of a game into pieces."""
        grid, starts = self._dataset.footage.grid, self._dataset.footage.slp_frame_start
        return [
            piece
            for chunk in np.flatnonzero(grid.game == game).tolist()
            for piece in cut_chunk(
                chunk, int(grid.num_frames[chunk]), int(starts[chunk]), self._options.piece_frames
            )
        ]

    def members(self, game: int) -> Iterator[Member]:
        """Make the files of each piece of a game, in order.

        Raises:
            StoreFailed: the store cannot give a file.
            VideoUnreadable, RecordRefused: a file is damaged, or not the one that the manifest names.
        """
        tables = self._tables(game)
        for number, piece in enumerate(self.pieces(game)):
            rows = tables[piece.chunk].slice(piece.start, piece.exclusive_end)
            held = join_steps(held_keys(rows), self._options.frame_step)
            key = f"{self._facts[game]['game_id']}_c{number:05d}"
            yield Member(f"{key}.p0.mp4", self._videos.mp4(piece))
            yield Member(f"{key}.p0.jsonl", key_lines(held))
            yield Member(f"{key}.p0.physics.jsonl", physics_lines(rows, self._options.frame_step))
            yield Member(f"{key}.meta.json", json.dumps(self._about(game, piece), sort_keys=True).encode())

    def _tables(self, game: int) -> dict[int, StateTable]:
        """Read the states of a game's chunks, by chunk; those of the last game are cached."""
        if self._read[0] != game:
            chunks = sorted({piece.chunk for piece in self.pieces(game)})
            self._read = (game, {chunk: self._dataset.reader.states.table(chunk) for chunk in chunks})
        return self._read[1]

    def _about(self, game: int, piece: Piece) -> dict[str, Any]:
        place = {"slp_frame_start": piece.slp_frame_start, "frame_step": self._options.frame_step}
        return {**self._facts[game], **place}

    def entry(self, game: int, shard: str) -> dict[str, Any]:
        """Make a game's entry of index.json, ready for JSON."""
        pieces, fps = self.pieces(game), self._options.fps
        steps = [piece.num_steps(self._options.frame_step) for piece in pieces]
        happenings = find_happenings(list(self._tables(game).values()))
        facts = self._facts[game]
        return {
            "match_id": facts["game_id"], "shard": shard, "n_players": 1, "chunk_frames": steps,
            "arena": facts["stage_name"], "characters": facts["characters"],
            "perspectives": [{
                "player_id": 0, "team": 0, "frames": sum(steps), "duration": sum(steps) / fps,
                "recording_offset_sec": 0.0,
                "anchors": make_anchors(happenings, pieces, self._options.frame_step, fps),
            }],
        }  # fmt: skip
