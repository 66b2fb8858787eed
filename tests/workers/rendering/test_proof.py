"""Only a game whose every picture shows its state is proved; others are refused with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workers.painted import played
from workers.align.collector import EvidenceCollector
from workers.errors import Misaligned
from workers.rendering.capture import capture
from workers.rendering.chunk import chunk_spans
from workers.rendering.encode import VideoSettings
from workers.rendering.proof import prove
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.state.table import StateTable
    from workers.rendering.capture import EncodedChunk
    from workers.replay import Replay


def captured(
    shown: list[int], folder: Path, state: StateTable
) -> tuple[tuple[EncodedChunk, ...], EvidenceCollector]:
    collector = EvidenceCollector()
    events = played(shown, state=state)
    return capture(events, chunk_spans(100, 60), folder, VideoSettings(), collector), collector


@pytest.mark.slow
def test_a_clean_game_is_proved_chunk_by_chunk(short_replay: Replay, tmp_path: Path):
    state = state_table(short_replay)
    encoded, collector = captured(list(range(-123, -23)), tmp_path, state)
    proof = prove(encoded, collector, state)
    assert {item.name for item in proof.whole_game if item.agrees} >= {"count", "stamp"}
    assert len(proof.chunks) == 2
    assert all("encoded_stamp" in {item.name for item in chunk if item.agrees} for chunk in proof.chunks)


FAULTS = {
    "dropped": [*range(-123, -80), *range(-79, -22)],
    "repeated": [*range(-123, -80), -81, *range(-80, -24)],
    "swapped": [*range(-123, -80), -79, -80, *range(-78, -23)],
    "shifted": list(range(-122, -22)),
    "frozen": [*range(-123, -80), *[-81] * 10, *range(-70, -23)],
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_stream_fails(fault: str, short_replay: Replay, tmp_path: Path):
    state = state_table(short_replay)
    encoded, collector = captured(FAULTS[fault], tmp_path, state)
    with pytest.raises(Misaligned) as caught:
        prove(encoded, collector, state)
    assert any(item.disagrees for item in caught.value.evidence)


@pytest.mark.slow
def test_a_file_that_differs_from_the_raw_pictures_fails(short_replay: Replay, tmp_path: Path):
    state = state_table(short_replay)
    encoded, collector = captured(list(range(-123, -23)), tmp_path, state)
    other = tmp_path / "other"
    other.mkdir()
    wrong, _ = captured(FAULTS["shifted"], other, state)
    with pytest.raises(Misaligned, match="encoded_stamp"):
        prove((encoded[0], wrong[1]), collector, state)


def another() -> StateTable:
    return state_table(read_replay(record_match(99, num_frames=100)))


@pytest.mark.slow
def test_another_game_under_the_right_numbers_fails(short_replay: Replay, tmp_path: Path):
    encoded, collector = captured(list(range(-123, -23)), tmp_path, another())
    with pytest.raises(Misaligned, match="100 carry the number but another state's seed"):
        prove(encoded, collector, state_table(short_replay))


@pytest.mark.slow
def test_a_file_of_another_game_fails(short_replay: Replay, tmp_path: Path):
    state = state_table(short_replay)
    encoded, collector = captured(list(range(-123, -23)), tmp_path, state)
    other = tmp_path / "other"
    other.mkdir()
    foreign, _ = captured(list(range(-123, -23)), other, another())
    with pytest.raises(Misaligned, match=r"chunk 1: encoded_stamp.*another state's seed"):
        prove((encoded[0], foreign[1]), collector, state)
