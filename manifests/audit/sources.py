"""The pairs that an audit checks, from the ledger or, in a copy without one, from the newest snapshot."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from manifests.ledger.evidence import Evidence
from manifests.ledger.records import ChunkRecord, GopIndex, ObjectRef
from manifests.store.keys import DataName, parse_data_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.ledger.entry import LedgerEntry
    from manifests.snapshot.reader import Manifest


@dataclass(frozen=True, slots=True)
class Pair:
    """The video and states file of one chunk of a committed game, as recorded."""

    game_id: str
    chunk: ChunkRecord

    @property
    def objects(self) -> tuple[tuple[DataName, ObjectRef], ...]:
        """The pair's video and states file: the name in each key, and the recorded size and hash."""
        named = ((parse_data_key(ref.key), ref) for _, ref in self.chunk.objects)
        return tuple((name, ref) for name, ref in named if name is not None)


def pairs_of_entry(entry: LedgerEntry) -> list[Pair]:
    """List the pairs of a ledger entry; a set-aside game has none."""
    return [Pair(entry.game_id, chunk) for chunk in entry.chunks]


def pairs_of_manifest(manifest: Manifest) -> Iterator[Pair]:
    """Yield every pair of a snapshot, in order, from its chunks and gops tables together.

    Raises:
        ValueError: the two tables do not fit together.
    """
    gops = _rows(manifest, "gops")
    for row in _rows(manifest, "chunks"):
        own = list(itertools.islice(gops, row["num_gops"]))
        if {gop["file_number"] for gop in own} - {row["file_number"]} or len(own) != row["num_gops"]:
            message = f"the gops table does not continue with file number {row['file_number']}"
            raise ValueError(message)
        yield Pair(row["game_id"], _chunk(row, own))


def _rows(manifest: Manifest, table: str) -> Iterator[dict[str, Any]]:
    for batch in manifest.batches(table):
        yield from batch.to_pylist()


def _chunk(row: dict[str, Any], gops: list[dict[str, Any]]) -> ChunkRecord:
    names = ("first_frame_index", "num_frames", "byte_offset", "byte_size")
    video, index = None, None
    if row["video_key"]:
        video = ObjectRef(row["video_key"], row["video_bytes"], row["video_sha256"])
        index = GopIndex.of(*([gop[name] for gop in gops] for name in names))
    return ChunkRecord(
        file_number=row["file_number"],
        slp_frame_start=row["slp_frame_start"],
        slp_frame_exclusive_end=row["slp_frame_exclusive_end"],
        video=video,
        states=ObjectRef(row["states_key"], row["states_bytes"], row["states_sha256"]),
        gops=index,
        avcc=row["avcc"].hex(),
        evidence=tuple(Evidence(**evidence) for evidence in row["evidence"]),
    )
