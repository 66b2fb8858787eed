"""Only a game whose every picture shows its state is proved; anything else carries its evidence away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.painted import played
from workers.align.collector import EvidenceCollector
from workers.capture import EncodedChunk, capture
from workers.chunk import chunk_spans
from workers.encode import VideoSettings
from workers.errors import Misaligned
from workers.proof import prove
from workers.replay import Replay
from workers.state import state_table


def captured(shown: list[int], folder: Path) -> tuple[tuple[EncodedChunk, ...], EvidenceCollector]:
    collector = EvidenceCollector()
    return capture(played(shown), chunk_spans(100, 60), folder, VideoSettings(), collector), collector


def test_a_clean_game_is_proved_chunk_by_chunk(short_replay: Replay, tmp_path: Path):
    encoded, collector = captured(list(range(-123, -23)), tmp_path)
    proof = prove(encoded, collector, state_table(short_replay))
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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_stream_fails(fault: str, short_replay: Replay, tmp_path: Path):
    encoded, collector = captured(FAULTS[fault], tmp_path)
    with pytest.raises(Misaligned) as caught:
        prove(encoded, collector, state_table(short_replay))
    assert any(item.disagrees for item in caught.value.evidence)


def test_a_file_that_differs_from_the_raw_pictures_fails(short_replay: Replay, tmp_path: Path):
    encoded, collector = captured(list(range(-123, -23)), tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    wrong, _ = captured(FAULTS["shifted"], other)
    with pytest.raises(Misaligned, match="encoded_stamp"):
        prove((encoded[0], wrong[1]), collector, state_table(short_replay))
