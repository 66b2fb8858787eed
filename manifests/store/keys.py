"""Make and parse the keys of all objects of a dataset: pure functions from numbers and ids to keys, and back.

    dataset.json
    plan/NNNN.parquet
    videos/observation.images.game/chunk-CCC/file-FFF.mp4     states/chunk-CCC/file-FFF.parquet
    ledger/GAME_ID.json
    manifest/NNNN/{games,chunks,gops,rejects,files,events}.parquet   manifest/NNNN/snapshot.json
    manifest/current.json
    live/games/GAME_ID.json     live/runs/NAME.json     only while a run is under way

The plan gives a *file number* to every chunk before anything is rendered. Number n lies in folder
`chunk-(n // 1000)` as `file-(n % 1000)`, which is LeRobot's own template, so that its tables can point at our
videos where they are. An *edition* above 0 is needed only if two renderings of one chunk differ in bytes
and the planned key is taken (ledger/commit.py explains why, and describes another use of editions): edition e
of file FFF is called `file-(1000 * e + FFF)`.

In folder names, `chunk-` is LeRobot's word for a folder of 1,000 files; it has nothing to do with our chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["video", "states"]

FILES_PER_FOLDER: Final = 1000
VIDEO_FEATURE: Final = "observation.images.game"
DATASET_KEY: Final = "dataset.json"
STORE_KEY: Final = "store.json"
"""Key of the object that records what an S3 store learned about its server; manifests/store/s3.py puts it."""
PROBE_PREFIX: Final = "probe/"
CLAIM_PREFIX: Final = "claim/"
"""Prefix of the claims that processes make on servers that cannot tell who came first; see store/claim.py."""
LIVE_PREFIX: Final = "live/"
"""Prefix of the notes of runs that are under way; see manifests/live."""
CURRENT_KEY: Final = "manifest/current.json"
LEDGER_PREFIX: Final = "ledger/"
PLAN_PREFIX: Final = "plan/"
MANIFEST_PREFIX: Final = "manifest/"
DATA_PREFIXES: Final = ("states/", f"videos/{VIDEO_FEATURE}/")
"""The prefixes of all chunk objects: states files, then videos."""

_PREFIX_AND_SUFFIX: Final[dict[Kind, tuple[str, str]]] = {
    "video": (f"videos/{VIDEO_FEATURE}", "mp4"),
    "states": ("states", "parquet"),
}
_GAME_ID: Final = re.compile(r"[0-9a-f]{64}")
_DATA_KEY: Final = re.compile(r"(.+)/chunk-(\d{3,})/file-(\d{3,})\.(mp4|parquet)")
_PLAN_KEY: Final = re.compile(r"plan/(\d{4,})\.parquet")
_SNAPSHOT_KEY: Final = re.compile(r"manifest/(\d{4,})/([a-z_]+)\.(?:parquet|json)")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_MAX_KEY_LENGTH: Final = 900


@dataclass(frozen=True, slots=True)
class DataName:
    """The parts of a chunk object's key: its kind, its planned file number, and its edition (mostly 0)."""

    kind: Kind
    file_number: int
    edition: int


def video_key(file_number: int, edition: int = 0) -> str:
    """Make the key of a chunk's video.

    Raises:
        ValueError: a negative number.
    """
    return _data_key("video", file_number, edition)


def states_key(file_number: int, edition: int = 0) -> str:
    """Make the key of a chunk's states file.

    Raises:
        ValueError: a negative number.
    """
    return _data_key("states", file_number, edition)


def data_key(name: DataName) -> str:
    """Make the key of a chunk object; `parse_data_key` reads it back."""
    return _data_key(name.kind, name.file_number, name.edition)


def parse_data_key(key: str) -> DataName | None:
    """Read the key of a chunk object; None if it is any other key."""
    match = _DATA_KEY.fullmatch(key)
    if match is None:
        return None
    prefix, folder, file = match[1], int(match[2]), int(match[3])
    for kind, (kind_prefix, _) in _PREFIX_AND_SUFFIX.items():
        if prefix == kind_prefix:
            number = folder * FILES_PER_FOLDER + file % FILES_PER_FOLDER
            name = DataName(kind, number, file // FILES_PER_FOLDER)
            # Every object has exactly one key, so `file-0001` for `file-001`, or a wrong suffix, is not ours.
            return name if data_key(name) == key else None
    return None


def lerobot_position(key: str) -> tuple[int, int]:
    """Read LeRobot's (chunk_index, file_index) of a chunk object: the two numbers in its key.

    Raises:
        ValueError: `key` is not the key of a chunk object.
    """
    match = _DATA_KEY.fullmatch(key)
    if match is None:
        message = f"{key!r} is not the key of a video or states file"
        raise ValueError(message)
    return int(match[2]), int(match[3])


def ledger_key(game_id: str) -> str:
    """Make the key of a game's ledger entry.

    Raises:
        ValueError: not a sha256 in lower-case hex.
    """
    return f"{LEDGER_PREFIX}{check_game_id(game_id)}.json"


def game_id_of_ledger_key(key: str) -> str | None:
    """Read the game_id in the key of a ledger entry; None for any other key."""
    game_id = key.removeprefix(LEDGER_PREFIX).removesuffix(".json")
    return game_id if _GAME_ID.fullmatch(game_id) and key == f"{LEDGER_PREFIX}{game_id}.json" else None


def check_game_id(game_id: str) -> str:
    """Check that `game_id` is a sha256 in lower-case hex, and return it unchanged.

    Raises:
        ValueError: not a sha256 in lower-case hex.
    """
    if not _GAME_ID.fullmatch(game_id):
        message = f"a game_id is a sha256 in lower-case hex, 64 digits; got {game_id!r:.80}"
        raise ValueError(message)
    return game_id


def plan_key(number: int) -> str:
    """Make the key of a plan file; plan files are numbered from 0.

    Raises:
        ValueError: a negative number.
    """
    return f"{PLAN_PREFIX}{_not_negative('plan number', number):04d}.parquet"


def plan_number_of(key: str) -> int | None:
    """Read the number in the key of a plan file; None for any other key."""
    match = _PLAN_KEY.fullmatch(key)
    return int(match[1]) if match and plan_key(int(match[1])) == key else None


def manifest_key(snapshot: int, table: str) -> str:
    """Make the key of one table of a snapshot; snapshots are numbered from 0.

    Raises:
        ValueError: a negative number.
    """
    return f"{MANIFEST_PREFIX}{_not_negative('snapshot', snapshot):04d}/{table}.parquet"


def snapshot_key(snapshot: int) -> str:
    """Make the key of a snapshot's snapshot.json, which is written after its tables and completes it.

    Raises:
        ValueError: a negative number.
    """
    return f"{MANIFEST_PREFIX}{_not_negative('snapshot', snapshot):04d}/snapshot.json"


def snapshot_number_of(key: str) -> int | None:
    """Read the number of the snapshot that an object belongs to; None for any other key."""
    match = _SNAPSHOT_KEY.fullmatch(key)
    return int(match[1]) if match else None


def claim_prefix(what: str) -> str:
    """Make the prefix of all claims for one kind of work, such as planning."""
    return f"{CLAIM_PREFIX}{what}/"


def live_game_key(game_id: str) -> str:
    """Make the key of the note on a game that is being rendered.

    Raises:
        ValueError: not a sha256 in lower-case hex.
    """
    return f"{LIVE_PREFIX}games/{check_game_id(game_id)}.json"


def live_run_key(name: str) -> str:
    """Make the key of the note on a run that is under way."""
    return f"{LIVE_PREFIX}runs/{name}.json"


def is_key(key: str) -> bool:
    """Whether `check_key` accepts this key."""
    return len(key) <= _MAX_KEY_LENGTH and all(_SEGMENT.fullmatch(part) for part in key.split("/"))


def check_key(key: str) -> str:
    """Check that a key is ASCII segments joined by /, none empty or beginning with a dot, and return it.

    So a key can never lead out of the store's root, and no object is hidden from listings.

    Raises:
        ValueError: it is not such a key.
    """
    if not is_key(key):
        message = f"not a key: {key!r:.200}; allowed are segments of A-Z a-z 0-9 _ . - joined by /"
        raise ValueError(message)
    return key


def _data_key(kind: Kind, file_number: int, edition: int) -> str:
    prefix, suffix = _PREFIX_AND_SUFFIX[kind]
    folder, place = divmod(_not_negative("file number", file_number), FILES_PER_FOLDER)
    file = _not_negative("edition", edition) * FILES_PER_FOLDER + place
    return f"{prefix}/chunk-{folder:03d}/file-{file:03d}.{suffix}"


def _not_negative(what: str, number: int) -> int:
    if number < 0:
        message = f"a {what} counts from 0, got {number}"
        raise ValueError(message)
    return number
