"""Put proved chunks on the store, each with the states of its frames."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manifests.ledger.commit import place_chunk_file
from manifests.ledger.entry import RunRecord
from manifests.ledger.records import ChunkRecord, GopIndex
from manifests.state.file import write_states
from manifests.video.mp4 import read_gops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from manifests.ledger.evidence import Evidence
    from manifests.ledger.plan import PlannedGame
    from manifests.ledger.records import ObjectRef
    from manifests.state.table import StateTable
    from manifests.store.contract import Store
    from workers.rendering.capture import EncodedChunk
    from workers.rendering.chunk import ChunkSpan
    from workers.rendering.proof import Proof


def publish(
    store: Store,
    game: PlannedGame,
    encoded: Sequence[EncodedChunk],
    proof: Proof,
    state: StateTable,
    folder: Path,
) -> tuple[ChunkRecord, ...]:
    """Put every pair on the store; the caller must write the ledger entry, which makes them valid.

    Args:
        store: the store of the dataset.
        game: the planned game, which carries the file numbers.
        encoded: all chunks of the game, in order.
        proof: the proof of these chunks.
        state: the state of the whole game.
        folder: scratch folder for the states files.

    Raises:
        ValueError: the plan has another number of chunks.
        DatasetError: the store failed.
    """
    return tuple(
        _publish_chunk(store, file_number, chunk, evidence, state, folder)
        for file_number, chunk, evidence in zip(game.file_numbers, encoded, proof.chunks, strict=True)
    )


def publish_states(
    store: Store, game: PlannedGame, spans: Sequence[ChunkSpan], state: StateTable, folder: Path
) -> tuple[ChunkRecord, ...]:
    """Put the states of a game on the store, chunk by chunk, without videos.

    Args:
        store: the store of the dataset.
        game: the planned game, which carries the file numbers.
        spans: where the game is cut into chunks.
        state: the state of the whole game.
        folder: scratch folder for the states files.

    Raises:
        ValueError: the plan has another number of chunks.
        DatasetError: the store failed.
    """
    chunks = []
    for file_number, span in zip(game.file_numbers, spans, strict=True):
        rows = state.slice(span.start, span.exclusive_end)
        placed = _place_states(store, file_number, rows, folder / f"chunk-{span.chunk_number:04d}.parquet")
        chunks.append(
            ChunkRecord(
                file_number, rows.first_slp_frame, rows.exclusive_end_slp_frame,
                video=None, states=placed, gops=None, avcc="", evidence=(),
            )
        )  # fmt: skip
    return tuple(chunks)


def _place_states(store: Store, file_number: int, rows: StateTable, path: Path) -> ObjectRef:
    write_states(rows, path)
    placed = place_chunk_file(store, "states", file_number, path)
    path.unlink()
    return placed


def _publish_chunk(
    store: Store,
    file_number: int,
    chunk: EncodedChunk,
    evidence: Sequence[Evidence],
    state: StateTable,
    folder: Path,
) -> ChunkRecord:
    span = chunk.span
    rows = state.slice(span.start, span.exclusive_end)
    gops = read_gops(chunk.video)
    record = ChunkRecord(
        file_number=file_number,
        slp_frame_start=rows.first_slp_frame,
        slp_frame_exclusive_end=rows.exclusive_end_slp_frame,
        video=place_chunk_file(store, "video", file_number, chunk.video),
        states=_place_states(store, file_number, rows, folder / f"chunk-{span.chunk_number:04d}.parquet"),
        gops=GopIndex.of(gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size),
        avcc=gops.avcc.hex(),
        evidence=tuple(evidence),
    )
    chunk.video.unlink()
    return record


def run_record(attempt: int, timings: Mapping[str, float]) -> RunRecord:
    """Return the ledger's record of an attempt that ends now."""
    return RunRecord(
        committed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        attempt_id=secrets.token_hex(8),
        num_attempts=attempt,
        timings=timings,
    )
