"""The note of a run says which slot renders which game, what failed, and how long the run may still take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from null_renderer import NullResult, NullTask

from farm.engine.attempts import FailedAttempt
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.run_counts import RunCounts
from farm.run_notes import RunNotes, run_notes
from manifests.ledger.reasons import Reason
from manifests.live.notes import RunNote
from manifests.live.notes import run_notes as read_notes
from manifests.store.open import open_store
from tests.stepped_clock import SteppedClock

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

COUNTS = RunCounts(committed=1, running=2, waiting=3, frames_done=600, frames_total=3600)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "set")


@pytest.fixture
def notes(store: Store, clock: SteppedClock) -> RunNotes:
    notes = RunNotes(store, 3.0, clock)
    for slot in ("local/0", "local/1"):
        notes.happened(SlotOpened(slot, "local", "2 cores"))
        notes.began(slot, NullTask(f"game of {slot}"))
    return notes


def put(notes: RunNotes, store: Store, counts: RunCounts = COUNTS) -> RunNote:
    notes.counted(counts)
    (note,) = read_notes(store)
    return note


def test_every_slot_is_noted_with_its_game(notes: RunNotes, store: Store, clock: SteppedClock):
    notes.happened(SlotOpened("local/2", "local", "2 cores"))
    clock.now += 5
    slots = put(notes, store).slots
    assert [(slot.slot, slot.game_id, slot.since) for slot in slots] == [
        ("local/0", "game of local/0", 1000.0),
        ("local/1", "game of local/1", 1000.0),
        ("local/2", "", 1000.0),
    ]


def test_a_slot_that_returned_waits_and_one_that_broke_is_gone(notes: RunNotes, store: Store):
    notes.happened(JobReturned("local/0", NullResult("game of local/0", "committed", 600)))
    notes.happened(JobBroke("local/1", Breakage.WORKER_DIED, "killed"))
    assert [(slot.slot, slot.game_id) for slot in put(notes, store).slots] == [("local/0", "")]


def test_a_slot_that_was_killed_for_being_overdue_is_gone_with_its_failure(notes: RunNotes, store: Store):
    notes.failed(FailedAttempt("game of local/1", 1, "local", Breakage.OVERDUE, "no result\x1b[31m"))
    note = put(notes, store)
    assert [slot.slot for slot in note.slots] == ["local/0"]
    (failure,) = note.failures
    assert (failure.failure, failure.node, failure.detail) == ("overdue", "local", "no result\\x1b[31m")


def test_a_slot_that_closes_before_it_had_a_game_is_gone(notes: RunNotes, store: Store):
    notes.happened(SlotOpened("local/2", "local", "2 cores"))
    notes.happened(SlotClosed("local/2"))
    assert len(put(notes, store).slots) == 2


def test_a_game_that_was_set_aside_is_a_failure_and_one_committed_is_not(notes: RunNotes, store: Store):
    notes.ended(NullResult("a", "committed", 600))
    notes.ended(NullResult("b", "set_aside", 600, Reason.ILLEGAL_STAGE, "stage 4"))
    assert [(each.game_id, each.failure) for each in put(notes, store).failures] == [("b", "illegal_stage")]


def test_only_the_newest_failures_are_kept(notes: RunNotes, store: Store):
    for number in range(100):
        notes.ended(NullResult(f"{number}", "set_aside", 600, Reason.ILLEGAL_STAGE, ""))
    failures = put(notes, store).failures
    assert (len(failures), failures[-1].game_id) == (50, "99")


def test_what_a_canary_and_a_machine_had_to_say_is_kept(notes: RunNotes, store: Store):
    notes.proved("2 cores", 123.4, {"count": "agrees", "log": "cannot_tell"})
    notes.noticed("node a rests")
    first, second = put(notes, store).lines
    assert first == "First game committed on 2 cores: 123 frames/s; count agrees, log cannot tell."
    assert second == "node a rests"


def test_a_note_comes_no_more_often_than_was_asked_for(notes: RunNotes, store: Store, clock: SteppedClock):
    put(notes, store)
    clock.now += 2.9
    assert put(notes, store, RunCounts(committed=9)).counts["committed"] == 1
    clock.now += 0.1
    assert put(notes, store, RunCounts(committed=9)).counts["committed"] == 9


def test_both_paces_are_noted(notes: RunNotes, store: Store, clock: SteppedClock):
    clock.now += 10
    note = put(notes, store)
    assert (note.frames_per_second, note.frames_per_second_overall) == (60.0, 60.0)


def test_retries_are_counted_by_failure(notes: RunNotes, store: Store):
    assert put(notes, store, RunCounts(retries=Counter({"overdue": 2}))).retries == {"overdue": 2}


def test_the_note_is_gone_after_the_run_and_none_comes_where_nobody_asks(store: Store):
    with run_notes(store, 3.0) as notes:
        notes.counted(COUNTS)
        assert len(read_notes(store)) == 1
    assert list(store.list()) == []
    with run_notes(store, 0.0) as notes:
        notes.counted(COUNTS)
        assert list(store.list()) == []
