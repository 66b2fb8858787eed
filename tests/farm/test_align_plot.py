"""The plot of the motion evidence has a row per chunk, and is the same picture for the same findings."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from farm.align_plot import ChunkFinding, plot
from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.store.open import open_store

pytest.importorskip("cv2", reason="the extra `render` is not installed")
from farm.browse.states.chunk_motion import motion_of  # imported after the skip

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def finding(sound: Path) -> ChunkFinding:
    store = open_store(sound)
    entries = read_entries(store, done_game_ids(store))
    chunk = next(entry for entry in entries if entry.status is Status.COMMITTED).chunks[0]
    recorded = [f"{item.name} {item.detail}" for item in chunk.evidence]
    return ChunkFinding("chunk 0", chunk.slp_frame_start, motion_of(store, chunk), recorded)


def size(data: bytes) -> tuple[int, int]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = Image.open(io.BytesIO(data)).size
    return width, height


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_each_chunk_adds_a_row(finding: ChunkFinding, number: int):
    assert size(plot("a game", [finding] * number)) == (1200, 280 * number + 60)


@pytest.mark.slow
def test_the_same_findings_give_the_same_bytes(finding: ChunkFinding):
    assert plot("a game", [finding]) == plot("a game", [finding])


@pytest.mark.slow
def test_the_title_is_in_the_picture(finding: ChunkFinding):
    assert plot("a game", [finding]) != plot("another game", [finding])
