"""Every picture of a game is captured into exactly one chunk, and repeats of the last picture into none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from manifests.video.mp4 import decode_luma
from manifests.video.sei import FrameMark
from manifests.video.stamp import read_stamps
from tests.manifests.video.whole_video import read_marks
from tests.workers.painted import played
from workers.align.collector import EvidenceCollector
from workers.rendering.capture import capture
from workers.rendering.chunk import chunk_spans
from workers.rendering.encode import VideoSettings

FRAMES = range(-123, -123 + 70)


def stamps_of(video: Path) -> list[int]:
    slp_frame, valid = read_stamps(np.stack([luma.copy() for luma in decode_luma(video)]))
    assert valid.all()
    return slp_frame.tolist()


def test_chunks_hold_the_games_pictures_in_order_and_without_the_hold(tmp_path: Path):
    spans = chunk_spans(len(FRAMES), 30)
    encoded = capture(played(FRAMES), spans, tmp_path, VideoSettings(), EvidenceCollector())
    assert [chunk.span for chunk in encoded] == list(spans)
    assert [frame for chunk in encoded for frame in stamps_of(chunk.video)] == list(FRAMES)


def test_key_frames_say_which_frame_of_which_game_they_are(tmp_path: Path):
    game_id = "ab" * 32
    spans = chunk_spans(len(FRAMES), 60)
    encoded = capture(played(FRAMES), spans, tmp_path, VideoSettings(), EvidenceCollector(), game_id)
    marks = [list(read_marks(chunk.video)) for chunk in encoded]
    assert marks == [[FrameMark(-123, game_id), FrameMark(-93, game_id)], [FrameMark(-63, game_id)]]


@pytest.mark.slow
def test_the_same_pictures_give_the_same_bytes(tmp_path: Path):
    files = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (chunk,) = capture(played(FRAMES), chunk_spans(70), folder, VideoSettings(), EvidenceCollector())
        files.append(chunk.video.read_bytes())
    assert files[0] == files[1]


def test_a_capture_that_ends_early_fails_and_leaves_no_half_file(tmp_path: Path):
    spans = chunk_spans(len(FRAMES) + 20, 60)
    with pytest.raises(ValueError, match=r"ended in the middle of frames \[60, 90\)"):
        capture(played(FRAMES, num_tail=0), spans, tmp_path, VideoSettings(), EvidenceCollector())
    assert [path.name for path in tmp_path.iterdir()] == ["chunk-0000.mp4"]


def test_a_cropped_stamp_is_seen_by_the_collector_and_not_by_the_encoder(tmp_path: Path):
    collector = EvidenceCollector()
    (chunk,) = capture(played(FRAMES), chunk_spans(70), tmp_path, VideoSettings(), collector, crop_rows=16)
    assert chunk.crop_rows == 16
    assert {luma.shape for luma in decode_luma(chunk.video)} == {(464, 640)}
    assert len(collector._levels) == 78
