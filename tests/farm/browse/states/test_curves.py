"""Curves of the evidence are measured when a page asks for them, once each, and only where they can be."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import pytest

from farm.browse.states import curves as browse_curves
from farm.browse.states.curves import Curves, CurvesUnavailable

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chunks that were measured, by the hash of their videos; the measuring itself is left out."""
    hashes: list[str] = []

    def note(_store: Store, chunk: ChunkRecord) -> dict[str, Any]:
        hashes.append(chunk.video.sha256)
        return {"detail": chunk.video.sha256}

    monkeypatch.setattr(browse_curves, "_measured", note)
    return hashes


def chunks(entry: LedgerEntry, number: int) -> list[ChunkRecord]:
    first = entry.chunks[0]
    return [
        dataclasses.replace(first, video=dataclasses.replace(first.video, sha256=f"{k:064x}"))
        for k in range(number)
    ]


def test_a_chunk_is_measured_once(sound_store: Store, committed: LedgerEntry, measured: list[str]):
    (chunk,) = chunks(committed, 1)
    curves = Curves()
    assert curves.of(sound_store, chunk) is curves.of(sound_store, chunk)
    assert len(measured) == 1


def test_what_was_asked_for_longest_ago_is_forgotten_first(
    sound_store: Store, committed: LedgerEntry, measured: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(browse_curves, "MOST_KEPT", 2)
    first, second, third = chunks(committed, 3)
    curves = Curves()
    for chunk in (first, second, first, third, first, second):
        curves.of(sound_store, chunk)
    assert measured == [each.video.sha256 for each in (first, second, third, second)]


def test_a_measurement_that_failed_is_tried_again(
    sound_store: Store, committed: LedgerEntry, monkeypatch: pytest.MonkeyPatch
):
    answers: list[Any] = [CurvesUnavailable("not now"), {"detail": "now"}]

    def answer(_store: Store, _chunk: ChunkRecord) -> dict[str, Any]:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(browse_curves, "_measured", answer)
    curves, (chunk,) = Curves(), chunks(committed, 1)
    with pytest.raises(CurvesUnavailable, match="not now"):
        curves.of(sound_store, chunk)
    assert curves.of(sound_store, chunk) == {"detail": "now"}


def test_a_chunk_that_would_take_minutes_is_refused_with_what_to_do(
    sound_store: Store, committed: LedgerEntry, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(browse_curves, "MOST_FRAMES", 10)
    with pytest.raises(CurvesUnavailable, match=r"a chunk of 90 frames .* try `farm align --plot`"):
        Curves().of(sound_store, committed.chunks[0])


def test_where_nothing_can_measure_it_says_what_to_install(
    sound_store: Store, committed: LedgerEntry, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "farm.browse.states.chunk_motion", raising=False)
    monkeypatch.setitem(sys.modules, "workers.align.motion.witness", None)
    with pytest.raises(CurvesUnavailable, match=r"not installed where this is served: pip install"):
        Curves().of(sound_store, committed.chunks[0])


@pytest.mark.slow
def test_a_curve_is_what_motion_measures_of_the_files(sound_store: Store, committed: LedgerEntry):
    pytest.importorskip("cv2", reason="the extra `render` is not installed")
    from farm.browse.states.chunk_motion import motion_of  # noqa: PLC0415 - behind the skip

    chunk = committed.chunks[0]
    found, motion = Curves().of(sound_store, chunk), motion_of(sound_store, chunk)
    assert found["lags"] == motion.curve.lags.tolist()
    assert found["correlation"] == pytest.approx(motion.curve.correlation.tolist(), abs=1e-4)
    assert (found["best_lag"], found["runner_up_lag"]) == (
        motion.curve.best_lag,
        motion.curve.runner_up_lag,
    )
    windows = found["windows"]
    assert len(windows["slp_frame"]) == len(windows["share"]) == len(windows["is_broken"])
    last = chunk.slp_frame_start + chunk.num_frames
    assert all(chunk.slp_frame_start <= frame <= last for frame in windows["slp_frame"])


def test_every_picture_is_looked_at_once(sound_store: Store, committed: LedgerEntry):
    pytest.importorskip("cv2", reason="the extra `render` is not installed")
    from farm.browse.states.chunk_motion import motion_of  # noqa: PLC0415 - behind the skip

    seen: list[None] = []
    motion_of(sound_store, committed.chunks[2], lambda: seen.append(None))
    assert len(seen) == committed.chunks[2].num_frames
