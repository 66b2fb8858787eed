"""The notes of a run that is under way: the newest picture of each game, and the progress of the run.

    worker  -> live/games/GAME_ID.json   every few seconds, with a small picture; removed when the game ends
    the run -> live/runs/NAME.json       every few seconds: slots, counts, failures; removed when the run ends

A note is a hint for people. No program decides anything by it, and it is replaced as a whole. A process that
is killed leaves its note behind, so readers must look at the note's age.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from manifests.errors import DatasetError, RecordRefused
from manifests.store.canonical_json import canonical, from_plain, parse, to_plain
from manifests.store.keys import LIVE_PREFIX, live_game_key, live_run_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.contract import Store

NoteT = TypeVar("NoteT", "GameNote", "RunNote")
MOST_BYTES: Final = 1 << 20  # limit of one note, which has a picture of some kB, or the slots of a large run


@dataclass(frozen=True, slots=True)
class GameNote:
    """The note on one game that is being rendered: its progress and its newest picture.

    Attributes:
        game_id: the game's id.
        taken_at: when the note was made, in seconds since the epoch by the worker's clock.
        num_shown: pictures that its emulator has shown so far.
        num_frames: frames of the whole game.
        frames_per_second: pictures a second since the note before.
        dark_frames: how many of the last pictures in a row were black, or nearly black.
        still_frames: how many of the last pictures in a row each equalled the picture before.
        jpeg: the newest picture as a small JPEG, in base64.
    """

    game_id: str
    taken_at: float
    num_shown: int
    num_frames: int
    frames_per_second: float
    dark_frames: int
    still_frames: int
    jpeg: str

    @property
    def picture(self) -> bytes:
        """Return the picture as the bytes of a JPEG.

        Raises:
            RecordRefused: `jpeg` is not base64.
        """
        try:
            return base64.b64decode(self.jpeg, validate=True)
        except (ValueError, binascii.Error) as error:
            message = f"the note on {self.game_id}: its picture is no base64"
            raise RecordRefused(message) from error


@dataclass(frozen=True, slots=True)
class SlotNote:
    """One slot of a run: `game_id` is empty while it waits; `since` is when it got its game or was opened."""

    slot: str
    node: str
    kind: str
    game_id: str
    since: float


@dataclass(frozen=True, slots=True)
class FailureNote:
    """One attempt that ended without a result, or a game that was set aside.

    Attributes:
        at: when it ended, in seconds since the epoch.
        game_id: the game's id.
        node: the machine that it ran on; empty if unknown.
        failure: a word from the closed lists of breakages and reasons.
        detail: a description in one line.
    """

    at: float
    game_id: str
    node: str
    failure: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunNote:
    """The note on a run: its progress, slots and newest failures.

    Attributes:
        name: the run's name, made up when it begins.
        written_at: when the note was made, in seconds since the epoch by the clock of the run's machine.
        started_at: when it began to render.
        live_seconds: seconds between two notes of a game, as requested.
        counts: number of games by their state: committed, set_aside, running, waiting and so on.
        retries: attempts that ended without a result, by failure.
        frames_done: frames of the games that have ended.
        frames_total: frames of all games.
        frames_per_second: frames of ended games a second, over the last ten minutes.
        frames_per_second_overall: frames of ended games a second, since the run began.
        slots: every open slot.
        failures: the newest failures, oldest first.
        lines: messages about canaries and machines, oldest first.
    """

    name: str
    written_at: float
    started_at: float
    live_seconds: float
    counts: Mapping[str, int]
    retries: Mapping[str, int]
    frames_done: int
    frames_total: int
    frames_per_second: float
    frames_per_second_overall: float
    slots: tuple[SlotNote, ...]
    failures: tuple[FailureNote, ...]
    lines: tuple[str, ...]


def put_note(store: Store, note: GameNote | RunNote) -> None:
    """Put a note on the store, in place of the one before it.

    Raises:
        StoreFailed: the store failed.
    """
    key = live_game_key(note.game_id) if isinstance(note, GameNote) else live_run_key(note.name)
    store.put(key, canonical(to_plain(note)))


def remove_game_note(store: Store, game_id: str) -> None:
    """Remove the note on a game, if there is one.

    Raises:
        StoreFailed: the store failed.
        ValueError: not a game's id.
    """
    store.delete(live_game_key(game_id))


def remove_run_note(store: Store, name: str) -> None:
    """Remove the note on a run, if there is one.

    Raises:
        StoreFailed: the store failed.
    """
    store.delete(live_run_key(name))


def run_notes(store: Store) -> tuple[RunNote, ...]:
    """Read the notes of all runs, including runs that were killed; unreadable notes are left out.

    Raises:
        StoreFailed: the store failed.
    """
    return tuple(_notes(store, f"{LIVE_PREFIX}runs/", RunNote))


def game_note(store: Store, game_id: str) -> GameNote | None:
    """Read the note on a game; None if there is none, or if it cannot be read.

    Raises:
        ValueError: not a game's id.
    """
    return _read(store, live_game_key(game_id), GameNote)


def remove_old_notes(store: Store, before: float) -> None:
    """Remove the notes that were put before a time, in seconds since the epoch by the store's clock.

    Raises:
        StoreFailed: the store failed.
    """
    for info in store.list(LIVE_PREFIX):
        if info.modified_at < before:
            store.delete(info.key)


def _notes(store: Store, prefix: str, kind: type[NoteT]) -> Iterator[NoteT]:
    for info in store.list(prefix):
        if info.size_bytes <= MOST_BYTES and (note := _read(store, info.key, kind)) is not None:
            yield note


def _read(store: Store, key: str, kind: type[NoteT]) -> NoteT | None:
    try:
        return from_plain(kind, parse(store.get(key), key), key)
    except (DatasetError, ValueError):
        # The note was just removed, was written by another version, or is not one of our notes.
        return None
