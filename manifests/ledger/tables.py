"""The only declaration of every column in plan and manifest tables: name, type, nullability, meaning.

The Arrow schemas, the columns' descriptions in the Parquet files (field metadata `doc`) and `describe` are
all made from these declarations.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Final, get_args, get_type_hints

import pyarrow as pa

from manifests.labels.events import EventKind
from manifests.ledger.evidence import Evidence
from manifests.ledger.records import CharacterSeen, PlayerFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA_VERSION: Final = 1
"""Version of the plan and manifest tables, written into the files' metadata."""


@dataclass(frozen=True, slots=True)
class ManifestColumn:
    """The declaration of one column: its name, Arrow type, meaning, and whether it may be null."""

    name: str
    type: pa.DataType
    doc: str
    nullable: bool = False


_ARROW_TYPES: Final = {str: pa.string(), bool: pa.bool_(), int: pa.int32(), float: pa.float64()}


def _list_of(record: type) -> pa.ListType:
    """Make the Arrow type of a list of `record`, a dataclass of scalars; fields `X | None` may be null."""
    hints = get_type_hints(record)
    columns = []
    for name in (field.name for field in dataclasses.fields(record)):
        kinds = set(get_args(hints[name]) or (hints[name],))
        (scalar,) = kinds - {NoneType}
        columns.append(pa.field(name, _ARROW_TYPES[scalar], nullable=NoneType in kinds))
    return pa.list_(pa.struct(columns))


_EVIDENCE: Final = _list_of(Evidence)
_PLAYERS: Final = _list_of(PlayerFacts)
_CHARACTERS_SEEN: Final = _list_of(CharacterSeen)

_EVENT_COUNTS: Final = pa.list_(
    pa.struct([pa.field("kind", pa.string(), nullable=False), pa.field("number", pa.int32(), nullable=False)])
)

_GAME_ID: Final = ManifestColumn("game_id", pa.string(), "sha256 of the replay's bytes, hex")
_SPLIT: Final = ManifestColumn("split", pa.string(), "train, val or test, as planned", nullable=True)
_GAME_FACTS: Final = (
    ManifestColumn("slippi_version", pa.string(), "version of the replay's format", nullable=True),
    ManifestColumn("stage_id", pa.int32(), "external stage id", nullable=True),
    ManifestColumn("stage_name", pa.string(), "stage, as libmelee names it", nullable=True),
    ManifestColumn(
        "characters", pa.list_(pa.string()), "characters in order of ports, as libmelee names them"
    ),
    ManifestColumn(
        "players", _PLAYERS, "in order of ports; player_hash is keyed and stable within the dataset"
    ),
    ManifestColumn(
        "characters_seen",
        _CHARACTERS_SEEN,
        "characters in the frames, such as ZELDA and SHEIK of one player; null where this was not noted yet",
        nullable=True,
    ),
    ManifestColumn("is_teams", pa.bool_(), "a team game", nullable=True),
    ManifestColumn("replay_num_frames", pa.int32(), "distinct slp_frames in the replay", nullable=True),
    ManifestColumn(
        "replay_num_instances", pa.int32(), "frames as written, rolled-back ones each time", nullable=True
    ),
    ManifestColumn(
        "replay_num_rolled_back", pa.int32(), "instances that a later one replaced", nullable=True
    ),
    ManifestColumn("replay_first_slp_frame", pa.int32(), "first frame of the replay", nullable=True),
    ManifestColumn("replay_last_slp_frame", pa.int32(), "last frame of the replay", nullable=True),
    ManifestColumn(
        "last_finalized_slp_frame", pa.int32(), "last frame no rollback can change; from 3.7", nullable=True
    ),
    ManifestColumn("truncated", pa.bool_(), "the replay ends before its game", nullable=True),
    ManifestColumn("timer_seconds", pa.int32(), "the timer's start", nullable=True),
    ManifestColumn("start_at", pa.string(), "when it was played, as the replay has it", nullable=True),
    ManifestColumn("match_id", pa.string(), "Slippi's id of the online match", nullable=True),
)
_FINGERPRINT: Final = ManifestColumn("fingerprint", pa.string(), "what rendered it, as a JSON object")
_ENTRY_SHA256: Final = ManifestColumn(
    "entry_sha256", pa.string(), "content_sha256 of the ledger entry behind it"
)

TABLES: Final[dict[str, tuple[ManifestColumn, ...]]] = {
    "games": (
        _GAME_ID,
        _SPLIT,
        ManifestColumn("num_frames", pa.int32(), "frames in its chunks"),
        ManifestColumn("slp_frame_start", pa.int32(), "first frame of its first chunk"),
        ManifestColumn("slp_frame_exclusive_end", pa.int32(), "one past the last frame of its last chunk"),
        ManifestColumn("num_chunks", pa.int32(), "how many pairs"),
        ManifestColumn("first_file_number", pa.int64(), "file number of its first chunk; the others follow"),
        ManifestColumn("video_bytes", pa.int64(), "size of its videos together"),
        ManifestColumn("states_bytes", pa.int64(), "size of its states files together"),
        ManifestColumn("state_sha256", pa.string(), "canonical hash of the whole game's state table"),
        ManifestColumn(
            "num_events", pa.int32(), "its rows in events; null where they were not noted yet", nullable=True
        ),
        ManifestColumn(
            "event_counts",
            _EVENT_COUNTS,
            "how many of each kind that occurs, so that a search need not read all games' events; null where "
            "num_events is, and in snapshots from before this column",
            nullable=True,
        ),
        *_GAME_FACTS,
        ManifestColumn("evidence", _EVIDENCE, "of the whole game's alignment"),
        _FINGERPRINT,
        _ENTRY_SHA256,
    ),
    "chunks": (
        _GAME_ID,
        ManifestColumn("chunk_index", pa.int32(), "0-based in its game"),
        ManifestColumn("file_number", pa.int64(), "planned number of both files"),
        _SPLIT,
        ManifestColumn("slp_frame_start", pa.int32(), "slp_frame of frame_index 0"),
        ManifestColumn("slp_frame_exclusive_end", pa.int32(), "one past the last"),
        ManifestColumn("num_frames", pa.int32(), "rows of the states file = frames that the video covers"),
        ManifestColumn("num_gops", pa.int32(), "groups of pictures in the video"),
        ManifestColumn("video_key", pa.string(), "where the mp4 is"),
        ManifestColumn("video_bytes", pa.int64(), "its size"),
        ManifestColumn("video_sha256", pa.string(), "its hash"),
        ManifestColumn("states_key", pa.string(), "where the parquet is"),
        ManifestColumn("states_bytes", pa.int64(), "its size"),
        ManifestColumn("states_sha256", pa.string(), "its hash"),
        ManifestColumn(
            "avcc", pa.binary(), "decoder configuration (avcC), to decode GOPs without their container"
        ),
        ManifestColumn(
            "evidence", _EVIDENCE, "of this chunk's alignment: offset, confidence, margin per evidence"
        ),
    ),
    "gops": (
        _GAME_ID,
        ManifestColumn("file_number", pa.int64(), "chunk it is in"),
        ManifestColumn("gop_index", pa.int32(), "0-based in the chunk"),
        ManifestColumn("first_frame_index", pa.int32(), "its key frame, 0-based in the chunk"),
        ManifestColumn("slp_frame_start", pa.int32(), "slp_frame of its key frame"),
        ManifestColumn("num_frames", pa.int32(), "frames that it covers"),
        ManifestColumn("byte_offset", pa.int64(), "of its first packet in the mp4"),
        ManifestColumn("byte_size", pa.int64(), "of all its packets, which lie next to each other"),
    ),
    "rejects": (
        _GAME_ID,
        _SPLIT,
        ManifestColumn("reason", pa.string(), "why it was set aside, from a closed list"),
        ManifestColumn("is_about_the_replay", pa.bool_(), "no further attempt can end otherwise"),
        ManifestColumn("detail", pa.string(), "the particulars, for a person"),
        *_GAME_FACTS,
        ManifestColumn("evidence", _EVIDENCE, "of the game's alignment, as far as it was rendered"),
        _FINGERPRINT,
        _ENTRY_SHA256,
    ),
    "files": (
        ManifestColumn("key", pa.string(), "where the object is"),
        ManifestColumn("kind", pa.string(), "video or states"),
        ManifestColumn("game_id", pa.string(), "game it belongs to"),
        ManifestColumn("file_number", pa.int64(), "chunk it belongs to"),
        ManifestColumn("size_bytes", pa.int64(), "its size"),
        ManifestColumn("sha256", pa.string(), "its hash, hex"),
    ),
    "events": (
        _GAME_ID,
        ManifestColumn("slp_frame", pa.int32(), "first frame that shows it"),
        ManifestColumn("kind", pa.string(), ", ".join(EventKind)),
        ManifestColumn("player", pa.int8(), "to whom it happens: 0 is p0; null: to none", nullable=True),
        ManifestColumn("is_follower", pa.bool_(), "it happens to the player's follower (Nana)"),
        ManifestColumn("other", pa.int8(), "the other player, where the kind has one", nullable=True),
        ManifestColumn("value", pa.float32(), "a number, where the kind has one", nullable=True),
    ),
    "plan": (
        _GAME_ID,
        ManifestColumn("source", pa.string(), "where the replay is; may hold what its owner called the file"),
        ManifestColumn("num_frames", pa.int32(), "rows of its state table"),
        ManifestColumn("num_chunks", pa.int32(), "pairs it becomes"),
        ManifestColumn("first_file_number", pa.int64(), "file number of its first chunk; the others follow"),
        ManifestColumn("split", pa.string(), "train, val or test"),
        ManifestColumn("stage_name", pa.string(), "stage, as libmelee names it"),
        ManifestColumn("characters", pa.list_(pa.string()), "characters in order of ports"),
        ManifestColumn(
            "player_hashes", pa.list_(pa.string()), "keyed hashes in order of ports; null where unknown"
        ),
        ManifestColumn(
            "match_key",
            pa.string(),
            "keyed hash of the online game; null where none was arranged",
            nullable=True,
        ),
        ManifestColumn(
            "play_key",
            pa.string(),
            "hash of how the game begins, the same in two recordings of it",
            nullable=True,
        ),
        ManifestColumn(
            "play_sha256",
            pa.string(),
            "hash of how the whole game went, without how often a frame was written",
            nullable=True,
        ),
    ),
}
MANIFEST_TABLES: Final = ("games", "chunks", "gops", "rejects", "files", "events")
"""The tables of a snapshot, in the order in which they are written."""
ADDED_TABLES: Final = frozenset({"events"})
"""Tables that the first snapshots lack."""


def arrow_schema(table: str) -> pa.Schema:
    """Make the Arrow schema of a table; its metadata hold each column's doc, the table's name and version.

    Raises:
        KeyError: there is no such table.
    """
    fields = [
        pa.field(column.name, column.type, nullable=column.nullable, metadata={"doc": column.doc})
        for column in TABLES[table]
    ]
    metadata = {"dolphin_farm.table": table, "dolphin_farm.schema_version": str(SCHEMA_VERSION)}
    return pa.schema(fields, metadata=metadata)


def missing_columns(table: str, names: Iterable[str]) -> set[str]:
    """Find the nullable columns of a table that `names` lacks, as an older snapshot may."""
    return {column.name for column in TABLES[table] if column.nullable} - set(names)


def with_all_columns(table: str, rows: pa.Table, columns: Iterable[str] | None = None) -> pa.Table:
    """Add the nullable columns that rows from an older snapshot lack, with null in every row.

    Args:
        table: name of the table.
        rows: rows of the table.
        columns: the columns to return; all by default.
    """
    missing = missing_columns(table, rows.column_names)
    if columns is not None:
        missing &= set(columns)
    for place, column in enumerate(TABLES[table]):
        if column.name in missing:
            nulls = pa.nulls(rows.num_rows, column.type)
            rows = rows.add_column(
                min(place, rows.num_columns), arrow_schema(table).field(column.name), nulls
            )
    return rows


def describe(table: str) -> str:
    """Describe a table's columns as a Markdown table, for documents.

    Raises:
        KeyError: there is no such table.
    """
    rows = [
        f"| `{column.name}` | {_type_name(column)} | {'yes' if column.nullable else ''} | {column.doc} |"
        for column in TABLES[table]
    ]
    return "\n".join(["| column | type | null | meaning |", "|---|---|---|---|", *rows])


def _type_name(column: ManifestColumn) -> str:
    if column.type == _EVIDENCE:
        return "list of evidence structs"
    if column.type == _PLAYERS:
        return "list of player structs"
    if column.type == _CHARACTERS_SEEN:
        return "list of character structs"
    return str(column.type).replace("list<item: string>", "list of string")
