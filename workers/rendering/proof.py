"""Prove one rendered game: weigh the evidence on the whole game, on each chunk, and on the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from manifests.video.mp4 import decode_luma
from manifests.video.stamp import cell_levels, decode_levels, seeds_agree
from workers.align.stamp import stamp_evidence
from workers.align.verdict import decide
from workers.errors import Misaligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.ledger.evidence import Evidence
    from manifests.state.table import StateTable
    from workers.align.collector import EvidenceCollector
    from workers.rendering.capture import EncodedChunk


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence that every picture shows its state; exists only for games that are aligned.

    Attributes:
        whole_game: evidence on all pictures together.
        chunks: evidence on each chunk alone, in order.
        detail: the names of the evidence that agreed, in one line.
    """

    whole_game: tuple[Evidence, ...]
    chunks: tuple[tuple[Evidence, ...], ...]
    detail: str


def prove(
    encoded: Sequence[EncodedChunk],
    collector: EvidenceCollector,
    state: StateTable,
    further: Sequence[Evidence] = (),
) -> Proof:
    """Weigh the evidence on a game and on each of its chunks.

    Args:
        encoded: the encoded chunks, in order.
        collector: a collector that has seen the whole game.
        state: the states that the pictures should show.
        further: other evidence on the whole game.

    Raises:
        Misaligned: some evidence disagrees, or there is too little of it; the error holds all evidence.
    """
    whole_game = (*collector.finish(state), *further)
    verdict = decide(whole_game)
    if not verdict.aligned:
        raise Misaligned(verdict.detail, whole_game)
    chunks: list[tuple[Evidence, ...]] = []
    for chunk in encoded:
        span = chunk.span
        found = collector.chunk(state, span.start, span.exclusive_end)
        # A stamp that was cut off before encoding cannot be read from the file.
        if collector.has_stamp and not chunk.crop_rows:
            rows = state.slice(span.start, span.exclusive_end) if collector.expectations.has_seed else None
            found = (*found, encoded_stamp_evidence(chunk, rows))
        against = [item for item in found if item.disagrees]
        if against:
            where = f"chunk {span.chunk_number}: " + "; ".join(str(item) for item in against)
            raise Misaligned(where, (*whole_game, *found))
        chunks.append(found)
    return Proof(whole_game, tuple(chunks), verdict.detail)


def encoded_stamp_evidence(chunk: EncodedChunk, rows: StateTable | None = None) -> Evidence:
    """Decode a finished file, and compare the stamp of every frame with the frame's number.

    Args:
        chunk: the chunk and its file.
        rows: the states that its pictures should show; None if the stamps do not identify the state.

    Raises:
        VideoUnreadable: the file cannot be decoded.
    """
    levels = np.stack([cell_levels(luma[None])[0] for luma in decode_luma(chunk.video, is_smoothed=False)])
    slp_frame, valid = decode_levels(levels)
    if valid.size != chunk.span.num_frames:
        message = f"{valid.size} frames decoded from a chunk of {chunk.span.num_frames}"
        raise Misaligned(message, ())
    return stamp_evidence(
        slp_frame,
        valid,
        start=chunk.span.start,
        shows_state=None if rows is None else seeds_agree(levels, rows),
        is_expected=True,
        name="encoded_stamp",
    )
