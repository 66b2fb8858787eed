"""A slot of a live run is marked if its pictures are black or do not change, or if it is silent or slow."""

from __future__ import annotations

import dataclasses

from manifests.live.marks import DARK_FRAMES, SILENT_SECONDS, STILL_FRAMES, Mark, marks_of
from manifests.live.notes import GameNote

NOW = 1000.0
WELL = GameNote("a", NOW - 1, 300, 900, 60.0, 0, 0, "")


def marks(note: GameNote | None, since: float = NOW - 60, live_seconds: float = 3.0) -> tuple[Mark, ...]:
    """Return the marks of one game that runs beside two without marks."""
    others = {name: dataclasses.replace(WELL, game_id=name) for name in "bc"}
    notes = others if note is None else {"a": note, **others}
    return marks_of(notes, {"a": since, "b": NOW - 60, "c": NOW - 60}, live_seconds, NOW)["a"]


def test_a_game_that_is_well_has_no_mark():
    assert marks(WELL) == ()


def test_black_and_frozen_are_counted_in_frames():
    assert marks(dataclasses.replace(WELL, dark_frames=DARK_FRAMES)) == (Mark.BLACK,)
    assert marks(dataclasses.replace(WELL, dark_frames=DARK_FRAMES - 1)) == ()
    assert marks(dataclasses.replace(WELL, still_frames=STILL_FRAMES)) == (Mark.FROZEN,)
    assert marks(dataclasses.replace(WELL, still_frames=STILL_FRAMES - 1)) == ()


def test_one_that_was_not_heard_is_silent_only_after_a_while():
    assert marks(dataclasses.replace(WELL, taken_at=NOW - SILENT_SECONDS)) == ()
    # Four intervals of three seconds are more than the least.
    assert marks(dataclasses.replace(WELL, taken_at=NOW - 12.5)) == (Mark.SILENT,)
    assert marks(dataclasses.replace(WELL, taken_at=NOW - 12.5), live_seconds=5.0) == ()


def test_a_game_without_a_note_may_still_boot():
    assert marks(None, since=NOW - 20) == ()
    assert marks(None, since=NOW - 60) == (Mark.SILENT,)


def test_a_game_whose_pictures_are_all_there_is_being_proved_and_may_be_silent():
    assert marks(dataclasses.replace(WELL, taken_at=NOW - 100, num_shown=900)) == ()


def test_a_note_from_before_the_game_was_begun_here_does_not_count():
    assert marks(dataclasses.replace(WELL, taken_at=NOW - 500), since=NOW - 5) == ()


def test_slow_is_less_than_half_of_the_median_slot():
    assert marks(dataclasses.replace(WELL, frames_per_second=29.0)) == (Mark.SLOW,)
    assert marks(dataclasses.replace(WELL, frames_per_second=31.0)) == ()


def test_no_game_has_no_marks():
    assert marks_of({}, {}, 3.0, NOW) == {}
