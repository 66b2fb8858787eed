"""Put a game's files on the store in such a way that workers that race or die can never spoil the game.

Two workers may render the same game at the same time: one was thought dead, another got its game, and then
the first came back. Both have the same plan, so both write to the same keys. Their bytes may differ, because
the real emulator does not always draw a game the same way to the last bit. The game's ledger entry must still
be true: the objects that it names must exist, with exactly the hashes that it names, for good. One rule
ensures that:

    Committing never overwrites or deletes an object. Once an object exists, it stays as it is.

A worker commits a game in two steps, and anybody may do the third step at any time. The first is in this
module, the second is `entry.write_entry`, which `workers/job.py` calls, and the third is `audit/gc.py`.

1. The worker puts each file of each chunk under its planned key, if there is no object under that key yet. If
   there is one with the same bytes (another worker rendered the same, or an earlier attempt died half-way),
   that object is used. If there is one with other bytes, the worker tries the next *edition* of the key:
   `keys.video_key(n, edition=1)`, and so on. So a race may leave a second object, but never a wrong one.

2. When all files are placed, the worker puts the ledger entry, which names their keys and hashes, if the game
   has no entry yet. Exactly one of the racing workers succeeds. The objects that its entry names all exist,
   and by the rule nobody will touch them. The other workers' entries never appear. Those of their objects
   that the entry does not name are orphans: whole, but of no use. `farm audit --orphans` lists them.

3. `farm gc` deletes orphans; no other command ever deletes objects. It takes only orphans of *committed*
   games: the entry of such a game never changes, so nothing will refer to them later. An orphan of a game
   without a committed entry may yet be named by a worker that is still at work, so it is deleted only by
   `farm gc --idle`, with which the user says that nobody is at work.

All of this needs only put-if-absent from the store. It needs no clock, no lease and no lock. So no worker can
be too slow, and a worker that is killed at any moment leaves its game either done or not begun.

Some S3 servers cannot say which of two writers came first (`Store.has_conditional_writes` is False). On such
a server, the edition of a file is made from the file's own sha256, so that everybody who writes a key writes
the same bytes to it, and an entry is put if none is seen. Two racing workers may then both write the entry,
and the later entry stays. Each of the two names objects that nobody overwrites, so whichever is read is true.
A snapshot may then have been compiled from the earlier entry. Therefore `snapshot/finalize.py` reads all
entries on such a server, and `farm gc` removes nothing while the newest snapshot and the ledger name
different objects. Only `farm gc` relies on a clock: it takes nothing younger than a day, and no attempt lasts
that long. Work that only one process at a time may do (begin a dataset, plan) is claimed first there
(`store/claim.py`).

Two other designs were considered. One is to overwrite the planned key and check afterwards. But between the
check and the entry there is always room for another worker's overwrite, and not all S3 servers have a
conditional overwrite. The other is to claim a game before rendering it. But a claim needs a lease, a lease
needs clocks that agree, and a worker that sleeps past the end of its lease still overwrites.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from manifests.ledger.records import ObjectRef
from manifests.store.contract import StoreFailed
from manifests.store.keys import DataName, Kind, data_key

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

MAX_EDITIONS: Final = 100
"""How many different renderings of one chunk are kept; more cannot come from a race, and are an error."""
_EDITION_DIGITS: Final = 10


def place_chunk_file(store: Store, kind: Kind, file_number: int, path: Path) -> ObjectRef:
    """Put one file of a chunk on the store under a key where it will stay unchanged.

    Args:
        store: the dataset's store.
        kind: "video" or "states".
        file_number: the number that the plan gave to the chunk.
        path: the finished local file; it is read twice and left as it is.

    Returns:
        Key, size and hash of an object that holds these bytes and will not change, for a ledger entry.

    Raises:
        StoreFailed: the store failed, or every edition of the key is taken by other bytes.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size_bytes = path.stat().st_size
    if not store.has_conditional_writes:
        # The server cannot say who came first, so the key itself depends on the bytes: see the module.
        key = data_key(DataName(kind, file_number, _edition_of(sha256)))
        if not _holds(store, key, size_bytes, sha256):
            store.put(key, path)
        return ObjectRef(key, size_bytes, sha256)
    for edition in range(MAX_EDITIONS):
        # An entry may name this object whether we put its bytes or found them there.
        key = data_key(DataName(kind, file_number, edition))
        if store.put_if_absent(key, path) or _holds(store, key, size_bytes, sha256):
            return ObjectRef(key, size_bytes, sha256)
    message = (
        f"{key}: {MAX_EDITIONS} different renderings of this chunk are here already, so something renders "
        "it differently each time; find out what, then run farm gc --idle"
    )
    raise StoreFailed(message)


def _edition_of(sha256: str) -> int:
    """Make an edition from 40 bits of a hash; it lies above the editions that are counted from 0."""
    return max(int(sha256[:_EDITION_DIGITS], 16), MAX_EDITIONS)


def _holds(store: Store, key: str, size_bytes: int, sha256: str) -> bool:
    """Whether the object at `key` has these bytes; it is read only if the store does not know its hash."""
    info = store.head(key)
    if info is None or info.size_bytes != size_bytes:
        return False
    return (info.sha256 or hashlib.sha256(store.get(key)).hexdigest()) == sha256
