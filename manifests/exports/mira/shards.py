"""Write an export for MIRA shard by shard, so that a stopped export can be continued.

While the export is made, a file such as dataset_00000.progress.json lists the games of each shard. index.json
is written last.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.errors import RecordRefused
from manifests.exports.mira.games import GameExport
from manifests.exports.mira.pictures import PieceVideos, copies_packets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from manifests.exports.mira.games import Member
    from manifests.exports.mira.options import MiraOptions
    from manifests.exports.mira.pictures import Encode
    from manifests.store.contract import Store
    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export: numbers of games, chunks and pictures, and whether packets were copied."""

    games: int
    chunks: int
    pictures: int
    is_copy: bool


def write_mira(
    dataset: WindowDataset, out: Store, options: MiraOptions, encode: Encode,
    encoding: dict[str, Any], on_game: Callable[[int], object] = lambda _: None,
) -> Exported:  # fmt: skip
    """Write the games of a dataset, with a folder for each split, or continue a stopped export.

    Args:
        dataset: the dataset, opened with its pictures; its windows do not matter.
        out: the store to write the folders to.
        options: size and rate of the pictures, length of chunks and shards.
        encode: makes the videos if packets cannot be copied.
        encoding: describes how `encode` encodes, for index.json.
        on_game: function that is called with the number of games done so far.

    Raises:
        RecordRefused: `out` holds an export of something else, or a file of the dataset is damaged.
        StoreFailed: a shard cannot be put, or a file of the dataset cannot be read.
        VideoUnreadable: a video is damaged.
    """
    export = GameExport(dataset, options, PieceVideos.of(dataset, options, encode))
    video = dataset.footage.video
    width, height = options.framing.output(video.width, video.height)
    is_copy = copies_packets(dataset, options)
    about = options.describe(dataset.footage.sha256, height, width, None if is_copy else encoding)
    games_of: dict[str, list[int]] = {}
    for game in range(dataset.footage.num_games):
        games_of.setdefault(export.split(game), []).append(game)
    entries: list[dict[str, Any]] = []
    for split, games in sorted(games_of.items()):
        writer = _SplitWriter(out, split, about, options.shard_bytes)
        entries += writer.write(export, games, partial(_tell, on_game, len(entries)))
    chunks = [frames for entry in entries for frames in entry["chunk_frames"]]
    return Exported(len(entries), len(chunks), sum(chunks), is_copy)


def _tell(on_game: Callable[[int], object], done_before: int, done: int) -> None:
    on_game(done_before + done)


@dataclass(frozen=True, slots=True)
class _SplitWriter:
    """Writes the shards and the index of one split."""

    out: Store
    split: str
    about: Mapping[str, Any]
    shard_bytes: int

    def write(
        self, export: GameExport, games: list[int], on_game: Callable[[int], object]
    ) -> list[dict[str, Any]]:
        index_key = f"{self.split}/index.json"
        if (index := self._record(index_key)) is not None:
            entries: list[dict[str, Any]] = index["entries"]
            return entries
        entries, shard = [], 0
        while (made := self._record(self._progress_key(shard))) is not None:
            entries += made["entries"]
            shard += 1
        while len(entries) < len(games):
            entries += self._write_shard(export, games[len(entries) :], shard, len(entries), on_game)
            shard += 1
        index = {"total_samples": len(entries), "export": self.about, "entries": entries}
        self.out.put(index_key, _json(index))
        for number in range(shard):
            self.out.delete(self._progress_key(number))
        return entries

    def _write_shard(
        self, export: GameExport, games: list[int], shard: int, done: int, on_game: Callable[[int], object]
    ) -> list[dict[str, Any]]:
        """Write one shard of as many games as it has room for, at least one; return their entries."""
        entries: list[dict[str, Any]] = []
        name = f"dataset_{shard:05d}.tar"
        with tempfile.TemporaryDirectory(prefix="farm-export-") as scratch:
            path = Path(scratch) / name
            with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
                size = 0
                for game in games:
                    size += _add(archive, export.members(game))
                    entries.append(export.entry(game, name))
                    on_game(done + len(entries))
                    if size >= self.shard_bytes:
                        break
            self.out.put(f"{self.split}/{name}", path)
        self.out.put(self._progress_key(shard), _json({"export": self.about, "entries": entries}))
        return entries

    def _progress_key(self, shard: int) -> str:
        return f"{self.split}/dataset_{shard:05d}.progress.json"

    def _record(self, key: str) -> dict[str, Any] | None:
        """Read a record that an earlier run wrote under a key; None if there is none."""
        if self.out.head(key) is None:
            return None
        try:
            record: dict[str, Any] = json.loads(self.out.get(key))
            is_ours = record["export"] == self.about
        except (ValueError, TypeError, KeyError):
            is_ours = False
        if not is_ours:
            message = (
                f"{self.out.url}/{key} is of another export, of other games or options; choose another "
                "folder, or remove that one"
            )
            raise RecordRefused(message)
        return record


def _add(archive: tarfile.TarFile, members: Iterable[Member]) -> int:
    """Add files whose headers hold only names and sizes; return the total number of bytes."""
    size = 0
    for member in members:
        entry = tarfile.TarInfo(member.name)
        entry.size = len(member.data)
        archive.addfile(entry, io.BytesIO(member.data))
        size += len(member.data)
    return size


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
