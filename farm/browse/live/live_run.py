"""Shows what current runs are doing: their slots, each with its game and picture, and any problems."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from manifests.live.marks import marks_of
from manifests.live.notes import game_note, run_notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.live.notes import GameNote, RunNote
    from manifests.store.contract import Store

LOOK_SECONDS: Final = 1.5  # least time between two reads of the store, however many pages are open
HEARD_INTERVALS: Final = 4.0  # number of notes of a run that may be missing before the run counts as silent
HEARD_SECONDS: Final = 30.0
MOST_PICTURES: Final = 128  # slots whose notes are read at each look


class LiveRuns:
    """Reads the notes of all runs on one dataset; several threads may ask at once.

    Args:
        store: the dataset's store.
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._turn = threading.Lock()
        self._found: dict[str, Any] = {"runs": []}
        self._looked_at = float("-inf")

    def now(self) -> dict[str, Any]:
        """Return what is known of every run, JSON-ready, at most LOOK_SECONDS old.

        Raises:
            DatasetError: the store failed.
        """
        with self._turn:  # a thread that asks while another looks waits, and gets the other's answer
            now = self._clock()
            if not 0 <= now - self._looked_at <= LOOK_SECONDS:
                runs = [self._described(note, now) for note in run_notes(self._store)]
                self._found, self._looked_at = {"runs": runs}, now
            return self._found

    def picture(self, game_id: str) -> bytes | None:
        """Return the newest picture of a game that is being rendered, as a JPEG; None if there is none.

        Raises:
            DatasetError: the note's content is no picture.
        """
        note = self._note(game_id)
        return None if note is None else note.picture

    def _note(self, game_id: str) -> GameNote | None:
        try:
            return game_note(self._store, game_id)
        except ValueError:  # the id may be any text if it comes from an address or from a note on a run
            return None

    def _described(self, run: RunNote, now: float) -> dict[str, Any]:
        # Clocks differ a little; a note from far ahead says nothing about now.
        is_heard = abs(now - run.written_at) <= max(HEARD_INTERVALS * run.live_seconds, HEARD_SECONDS)
        since = {slot.game_id: slot.since for slot in run.slots if slot.game_id}
        asked = list(since)[:MOST_PICTURES] if is_heard else []
        read = {game_id: self._note(game_id) for game_id in asked}
        # A note from before its slot got the game is of an earlier attempt.
        notes = {
            game_id: note
            for game_id, note in read.items()
            if note is not None and note.taken_at >= since[game_id] - run.live_seconds
        }
        marks = marks_of(notes, {each: since[each] for each in asked}, run.live_seconds, now)
        told = asdict(run)
        told["slots"] = [
            {**asdict(slot), **_shown(notes.get(slot.game_id)), "marks": list(marks.get(slot.game_id, ()))}
            for slot in run.slots
        ]
        return told | {
            "failures": told["failures"][::-1],
            "is_heard": is_heard,
            "silent_seconds": round(max(0.0, now - run.written_at), 1),
            "frames_shown": run.frames_done + sum(note.num_shown for note in notes.values()),
            "slots_frames_per_second": (
                pace := round(sum(each.frames_per_second for each in notes.values()), 1)
            ),
            "seconds_left": seconds_left(run, pace),
        }


def _shown(note: GameNote | None) -> dict[str, Any]:
    """Return what a page shows of a game's note; the picture itself has its own address."""
    if note is None:
        return {"num_shown": 0, "num_frames": None, "frames_per_second": None, "taken_at": None}
    return {
        "num_shown": note.num_shown,
        "num_frames": note.num_frames,
        "frames_per_second": note.frames_per_second,
        "taken_at": note.taken_at,
    }


def seconds_left(run: RunNote, slots_frames_per_second: float = 0.0) -> tuple[float, float] | None:
    """Return the least and most seconds until a run is done, by several paces; None if no pace is known.

    The paces are that of games that ended in the last ten minutes, of all games that ended, and of the slots
    now.
    """
    told = (run.frames_per_second, run.frames_per_second_overall, slots_frames_per_second)
    paces = [pace for pace in told if pace > 0]
    if not paces:
        return None
    left = run.frames_total - run.frames_done
    return round(left / max(paces), 1), round(left / min(paces), 1)
