"""Turn ledger entries into rows of every manifest table; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from manifests.errors import RecordRefused
from manifests.labels.events import NOBODY
from manifests.ledger.entry import Status
from manifests.ledger.tables import MANIFEST_TABLES, arrow_schema
from manifests.store.canonical_json import canonical, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manifests.ledger.entry import LedgerEntry

Row = dict[str, Any]
_BY_COLUMN: Final = frozenset({"gops", "events"})
"""Tables with hundreds of rows per game, which are built column by column."""

SORT_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "games": ("game_id",),
    "chunks": ("game_id", "chunk_index"),
    "gops": ("game_id", "file_number", "gop_index"),
    "rejects": ("game_id",),
    "files": ("game_id", "file_number", "kind"),
    "events": ("game_id", "slp_frame", "kind", "player", "is_follower"),
}
"""The columns by which each table's rows are sorted; no two rows of a table are equal in all of them."""


def rows_of(entries: Iterable[LedgerEntry]) -> dict[str, pa.Table]:
    """Make each table's rows from some entries; in the order of SORT_KEYS if entries ascend by game_id.

    Raises:
        RecordRefused: an entry holds a number that is too large for its column.
    """
    entries = list(entries)
    try:
        return _rows_of(entries)
    except (pa.ArrowInvalid, OverflowError):
        for entry in entries:
            _require_that_it_fits(entry)
        raise


def _require_that_it_fits(entry: LedgerEntry) -> None:
    try:
        _rows_of([entry])
    except (pa.ArrowInvalid, OverflowError) as error:
        message = f"the ledger entry of game {entry.game_id} has a value that no column can hold: {error}"
        raise RecordRefused(message) from error


def _rows_of(entries: Sequence[LedgerEntry]) -> dict[str, pa.Table]:
    collected: dict[str, list[Row]] = {name: [] for name in MANIFEST_TABLES if name not in _BY_COLUMN}
    for entry in entries:
        if entry.status is Status.SET_ASIDE:
            collected["rejects"].append(_reject_row(entry))
            continue
        collected["games"].append(_game_row(entry))
        collected["chunks"] += _chunk_rows(entry)
        collected["files"] += _file_rows(entry)
    tables = {name: pa.Table.from_pylist(rows, schema=arrow_schema(name)) for name, rows in collected.items()}
    return {**tables, "gops": _gops(entries), "events": _events(entries)}


def event_counts(numbers: Mapping[str, int]) -> list[Row]:
    """Make the value of the games table's column `event_counts` from the number of events of each kind."""
    return [{"kind": kind, "number": number} for kind, number in sorted(numbers.items())]


def _game_row(entry: LedgerEntry) -> Row:
    return {
        "game_id": entry.game_id,
        "split": entry.split,
        "num_frames": entry.num_frames,
        "slp_frame_start": entry.chunks[0].slp_frame_start,
        "slp_frame_exclusive_end": entry.chunks[-1].slp_frame_exclusive_end,
        "num_chunks": len(entry.chunks),
        "first_file_number": entry.chunks[0].file_number,
        "video_bytes": sum(chunk.video_bytes for chunk in entry.chunks),
        "states_bytes": sum(chunk.states.size_bytes for chunk in entry.chunks),
        "state_sha256": entry.state_sha256,
        "num_events": entry.num_events,
        "event_counts": None
        if entry.events is None
        else event_counts({kind: len(events.slp_frame) for kind, events in entry.events.items()}),
        **_game_facts(entry),
        **_provenance(entry),
    }


def _reject_row(entry: LedgerEntry) -> Row:
    assert entry.reason is not None
    return {
        "game_id": entry.game_id,
        "split": entry.split,
        "reason": entry.reason.value,
        "is_about_the_replay": entry.reason.is_about_the_replay,
        "detail": entry.detail,
        **_game_facts(entry),
        **_provenance(entry),
    }


def _game_facts(entry: LedgerEntry) -> Row:
    if entry.game is None:  # columns that are left out are null
        return {"characters": [], "players": []}
    game = to_plain(entry.game)
    renamed = ("num_frames", "num_instances", "num_rolled_back", "first_slp_frame", "last_slp_frame")
    row = {f"replay_{name}" if name in renamed else name: value for name, value in game.items()}
    return {**row, "characters": [player.character_name for player in entry.game.players]}


def _provenance(entry: LedgerEntry) -> Row:
    return {
        "evidence": to_plain(entry.evidence),
        "fingerprint": canonical(to_plain(entry.fingerprint)).decode().strip(),
        "entry_sha256": entry.content_sha256(),
    }


def _chunk_rows(entry: LedgerEntry) -> list[Row]:
    return [
        {
            "game_id": entry.game_id,
            "chunk_index": chunk_index,
            "file_number": chunk.file_number,
            "split": entry.split,
            "slp_frame_start": chunk.slp_frame_start,
            "slp_frame_exclusive_end": chunk.slp_frame_exclusive_end,
            "num_frames": chunk.num_frames,
            "num_gops": 0 if chunk.gops is None else len(chunk.gops.num_frames),
            # The columns are not nullable, so empty texts stand for the missing video.
            "video_key": "" if chunk.video is None else chunk.video.key,
            "video_bytes": chunk.video_bytes,
            "video_sha256": "" if chunk.video is None else chunk.video.sha256,
            "states_key": chunk.states.key,
            "states_bytes": chunk.states.size_bytes,
            "states_sha256": chunk.states.sha256,
            "avcc": bytes.fromhex(chunk.avcc),
            "evidence": to_plain(chunk.evidence),
        }
        for chunk_index, chunk in enumerate(entry.chunks)
    ]


def _gops(entries: Iterable[LedgerEntry]) -> pa.Table:
    """Make the rows of the gops table column by column, as a game has hundreds of them."""
    columns: dict[str, list[Any]] = {name: [] for name in arrow_schema("gops").names}
    for entry in entries:
        for chunk in entry.chunks:
            if (gops := chunk.gops) is None:
                continue
            number = len(gops.num_frames)
            columns["game_id"] += [entry.game_id] * number
            columns["file_number"] += [chunk.file_number] * number
            columns["gop_index"] += range(number)
            columns["first_frame_index"] += gops.first_frame_index
            columns["slp_frame_start"] += [chunk.slp_frame_start + first for first in gops.first_frame_index]
            columns["num_frames"] += gops.num_frames
            columns["byte_offset"] += gops.byte_offset
            columns["byte_size"] += gops.byte_size
    return pa.table(columns, schema=arrow_schema("gops"))


def _events(entries: Iterable[LedgerEntry]) -> pa.Table:
    """Make the rows of the events table, column by column."""
    columns: dict[str, list[Any]] = {name: [] for name in arrow_schema("events").names}
    for entry in entries:
        for kind, events in (entry.events or {}).items():
            number = len(events.slp_frame)
            columns["game_id"] += [entry.game_id] * number
            columns["slp_frame"] += events.slp_frame
            columns["kind"] += [kind] * number
            columns["player"] += [None if fighter == NOBODY else fighter // 2 for fighter in events.fighter]
            columns["is_follower"] += [fighter != NOBODY and fighter % 2 == 1 for fighter in events.fighter]
            columns["other"] += [
                None if other == NOBODY else other for other in events.other or [NOBODY] * number
            ]
            columns["value"] += events.value or [None] * number
    rows = pa.table(columns, schema=arrow_schema("events"))
    return rows.sort_by([(key, "ascending") for key in SORT_KEYS["events"]])


def _file_rows(entry: LedgerEntry) -> list[Row]:
    return [
        {
            "key": ref.key,
            "kind": kind,
            "game_id": entry.game_id,
            "file_number": chunk.file_number,
            "size_bytes": ref.size_bytes,
            "sha256": ref.sha256,
        }
        for chunk in entry.chunks
        for kind, ref in sorted(chunk.objects)
    ]
