"""Lists the parsers of strangers' input: for each a few good inputs, and the errors allowed for bad ones.

A target is called with any bytes. It returns, or raises one of the errors that its parser documents. Anything
else is a fault of ours, and so is a hang, or the use of far more memory than the input has bytes.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import py7zr

from farm.browse.server.app import make_app
from manifests.errors import DatasetError
from manifests.ledger.dataset import DatasetDescription
from manifests.ledger.entry import LedgerEntry, done_game_ids
from manifests.ledger.plan import planned_games
from manifests.ledger.records import ObjectRef
from manifests.side_tables.keyed import read_npy
from manifests.snapshot.reader import open_manifest
from manifests.snapshot.snapshot import Snapshot, TableRef
from manifests.state.file import read_states
from manifests.store.keys import states_key, video_key
from manifests.store.open import open_store
from manifests.training.row_filter import RowFilter
from manifests.video.decoder import VideoUnreadable
from manifests.video.mp4 import read_gops
from manifests.video.sei import find_mark
from tests.fuzz.authors import entry_with_its_sum, plan_with_its_sum, with_fields_changed
from tests.manifests.small_dataset import build
from tests.workers.emulator.frame_channel.test_records import picture_in, record_bytes
from workers.emulator.frame_channel.records import ChannelBroken, read_records
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.replay.source import archive_members
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Target:
    """One parser: good inputs to begin from, the call, and the errors that it may raise."""

    seeds: Callable[[], tuple[bytes, ...]]
    call: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...]

    def __call__(self, data: bytes) -> None:
        try:
            self.call(data)
        except self.allowed as refusal:
            if not str(refusal):
                message = f"{type(refusal).__name__} without a word"
                raise TypeError(message) from refusal


@cache
def dataset() -> Path:
    """A small sound dataset, which lives as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="farm-fuzz-")
    _KEPT.append(folder)
    build(Path(folder.name) / "set", Path(folder.name) / "scratch")
    return Path(folder.name) / "set"


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def scratch(name: str) -> Path:
    """A file of this process, for parsers that need a path."""
    return dataset().parent / name


def of_dataset(*keys: str) -> tuple[bytes, ...]:
    return tuple((dataset() / key).read_bytes() for key in keys)


@cache
def replays() -> tuple[bytes, ...]:
    return (record_match(5, num_frames=80, rollback_share=0.2), record_match(6, num_frames=60))


def a_replay(data: bytes) -> None:
    replay = read_replay(data)
    state_table(replay)
    renderable(replay)


@cache
def archives(suffix: str) -> tuple[bytes, ...]:
    out = io.BytesIO()
    members = {"a.slp": replays()[1], "folder/b.slp.gz": gzip.compress(replays()[1]), "notes.txt": b"x" * 300}
    if suffix == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members.items():
                packed.writestr(name, data)
    elif suffix == ".7z":
        with py7zr.SevenZipFile(out, "w") as packed7:
            for name, data in members.items():
                packed7.writef(io.BytesIO(data), name)
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if suffix == ".tar.gz" else "w") as packed_tar:
            for name, data in members.items():
                header = tarfile.TarInfo(name)
                header.size = len(data)
                packed_tar.addfile(header, io.BytesIO(data))
    return (out.getvalue(),)


def an_archive(suffix: str, data: bytes) -> None:
    path = scratch(f"archive{suffix}")
    path.write_bytes(data)
    for member in archive_members(path):
        str(member.content)[:10]


def a_plan(data: bytes) -> None:
    store = open_store(scratch("plans"))
    store.put("plan/0000.parquet", data)
    list(planned_games(store))


def entries() -> tuple[bytes, ...]:
    store = open_store(dataset())
    return tuple(store.get(f"ledger/{game_id}.json") for game_id in done_game_ids(store))


@cache
def record(key: str) -> Any:
    return json.loads((dataset() / key).read_bytes())


@cache
def an_entry() -> Any:
    return json.loads(entries()[0])


def an_authors_entry(choices: bytes) -> None:
    LedgerEntry.from_json(entry_with_its_sum(with_fields_changed(an_entry(), choices)))


def an_authors_description(choices: bytes) -> None:
    """Read a description that says no sum, as the first datasets' did not."""
    changed = with_fields_changed(record("dataset.json"), choices)
    changed.pop("content_sha256", None)
    DatasetDescription.from_json(json.dumps(changed).encode(), "x")


def an_authors_snapshot(choices: bytes) -> None:
    Snapshot.from_json(
        json.dumps(with_fields_changed(record("manifest/current.json"), choices)).encode(), "x"
    )


def a_table(name: str, data: bytes) -> None:
    """Read these bytes as a table of a snapshot, whose author made the sums fit."""
    manifest = open_manifest(dataset())
    store = open_store(scratch("tables"))
    store.put("table.parquet", data)
    num_rows = manifest.snapshot.tables[name].num_rows
    ref = TableRef(ObjectRef("table.parquet", len(data), hashlib.sha256(data).hexdigest()), num_rows)
    snapshot = dataclasses.replace(manifest.snapshot, tables={**manifest.snapshot.tables, name: ref})
    changed = dataclasses.replace(manifest, store=store, snapshot=snapshot)
    changed.table(name)
    list(changed.batches(name))


def some_states(data: bytes) -> None:
    read_states(data)


def gops(data: bytes) -> None:
    read_gops(io.BytesIO(data))


def marks(data: bytes) -> None:
    find_mark(data[8:], data[:8])


def npy() -> tuple[bytes, ...]:
    out = io.BytesIO()
    kind = [("game_id", "U64"), ("slp_frame", "i8"), ("latent", "f2", (4,))]
    np.save(out, np.array([("a" * 64, frame, (1, 2, 3, 4)) for frame in range(9)], kind))
    return (out.getvalue(),)


def a_channel(data: bytes) -> None:
    rest = io.BytesIO(data)
    for _ in read_records(rest.readinto, picture_in):
        pass


@cache
def browser() -> Callable[[str], int]:
    from tests.farm.browse.server.test_pages import Client  # noqa: PLC0415 - brings the browser along

    client = Client(make_app(open_store(dataset())))

    def ask(target: str) -> int:
        return client.get(target, range="bytes=0-9").status

    return ask


def addresses() -> tuple[bytes, ...]:
    store = open_store(dataset())
    game = next(done_game_ids(store))
    paths = (
        f"/games/{game}", f"/games/{game}/chunk-0.json", f"/games/{game}/timeline.json",
        f"/games/{game}/chunk-0/p0.x.json", f"/files/{video_key(0)}", "/rejects?reason=misaligned",
        "/schema.json",
        "/games?page=1&sort=length&min_frames=10&since=2024-01-01&text=ab&stage=X&character=FOX&descending=1",
    )  # fmt: skip
    return tuple(path.encode() for path in paths)


def an_address(data: bytes) -> None:
    status = browser()(data.decode("latin-1"))
    assert status in (200, 206, 303, 307, 400, 403, 404, 416, 502), (
        f"{data!r}: {status}"
    )  # 502: an error of the store


def a_filter(data: bytes) -> None:
    row = {"stage_name": "BATTLEFIELD", "characters": ["FOX"], "num_frames": 9, "split": None}
    RowFilter(data.decode("utf-8", "replace"), frozenset(row))(row)


CHANNEL = b"".join(
    map(record_bytes, (None, b"[CURRENT_FRAME] 1", (1, 4, 2, 1, -123, 0), b"", (2, 4, 2, 0, 0, 9)))
)
FILTERS = (
    b"stage == 'X' and num_frames > -3",
    b"'FOX' in characters or not (split == None)",
    b"1 < num_frames <= 9",
)

AS_IT_IS = (b"",)  # no choice, so nothing is changed

TARGETS: dict[str, Target] = {
    "replay": Target(replays, a_replay, (ReplayRefused,)),
    **{
        f"archive{suffix}": Target(partial(archives, suffix), partial(an_archive, suffix), (ReplayRefused,))
        for suffix in (".zip", ".tar", ".tar.gz", ".7z")
    },
    "plan": Target(lambda: of_dataset("plan/0000.parquet"), a_plan, (DatasetError,)),
    "ledger": Target(entries, LedgerEntry.from_json, (DatasetError,)),
    "description": Target(
        lambda: of_dataset("dataset.json"),
        lambda data: DatasetDescription.from_json(data, "x"),
        (DatasetError,),
    ),
    "snapshot": Target(
        lambda: of_dataset("manifest/current.json"),
        lambda data: Snapshot.from_json(data, "x"),
        (DatasetError,),
    ),
    "plan by its author": Target(
        lambda: of_dataset("plan/0000.parquet"), lambda data: a_plan(plan_with_its_sum(data)), (DatasetError,)
    ),
    "ledger by its author": Target(lambda: AS_IT_IS, an_authors_entry, (DatasetError,)),
    "description by its author": Target(lambda: AS_IT_IS, an_authors_description, (DatasetError,)),
    "snapshot by its author": Target(lambda: AS_IT_IS, an_authors_snapshot, (DatasetError,)),
    **{
        f"manifest {name}": Target(
            partial(of_dataset, f"manifest/0000/{name}.parquet"), partial(a_table, name), (DatasetError,)
        )
        for name in ("games", "chunks", "gops")
    },
    "states": Target(lambda: of_dataset(states_key(0)), some_states, (ValueError, OSError)),
    "gops": Target(lambda: of_dataset(video_key(0)), gops, (VideoUnreadable,)),
    "marks": Target(lambda: (b"\1\x4d\0\x1e\xff\xe1\0\4" + bytes(range(60)),), marks, ()),
    "side table": Target(npy, lambda data: read_npy(data, "x"), (DatasetError,)),
    "frame channel": Target(lambda: (CHANNEL,), a_channel, (ChannelBroken,)),
    "address": Target(addresses, an_address, ()),
    "filter": Target(lambda: FILTERS, a_filter, (ValueError,)),
}
