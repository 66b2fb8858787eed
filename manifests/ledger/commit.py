"""How a game gets onto the store so that no two workers, however they race or die, can spoil it.

Several workers may render the same game at once (a worker thought dead comes back), and their bytes may
differ (the real emulator need not repeat itself to the bit). The plan gives both the same file numbers, hence
the same keys. The rule that keeps every ledger entry true is:

    Nothing here ever overwrites or deletes. An object, once it is there, stays as it is.

1. Each file of a chunk is put *if absent* under its planned key. If something is there already and its bytes
are
   the same (another worker was deterministic, or an earlier attempt died half-way), it is as good as ours. If
   its bytes differ, the next *edition* of the key is tried (`keys.video_key(n, edition=1)`, ...), so it costs
   a name, not an object. The ObjectRef that comes back names bytes that are on the store under that key for
   good.
2. When all files are placed, the entry, with those refs, is put *if absent* as the game's ledger entry. One
of the
   racers wins; its refs name objects nobody will touch. The others' entries never appear; objects of theirs
   that the winning entry does not name are orphans: unreferenced, whole, named by `farm audit --orphans`.
3. `farm gc` deletes, and is the only thing that does: objects of *committed* games that the entry does not
name.
   As a committed game's entry never changes, no later entry can come to name what gc takes. (What belongs to
   a game without a committed entry may yet be named by a worker at work; it goes only with `farm gc --idle`.)

Where the server cannot say who came first (`Store.has_conditional_writes` is False), nothing is put if
absent: a file's edition is then made from its own sha256, so that whoever writes that key writes the same
bytes, and a game's entry is put if none is seen. Two racers may then both write it, and the later entry
stays; but each of the two names objects that nobody overwrites, so whichever is read is true. Only `gc`
relies on a clock there: it takes nothing younger than a day, which no attempt lasts.

This needs one primitive of the store, put-if-absent, and no clock, lease or lock: no worker can be too slow,
and a kill at any point leaves a game either done or not begun. Why not overwrite at the fixed key and check
afterwards? Between a check and an entry there is always room for another worker's overwrite, and S3 has no
conditional overwrite or delete that all servers offer. Why not claim games first? A claim needs a lease, a
lease needs clocks, and a worker that sleeps past its lease overwrites all the same.
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
"""More different renderings of one chunk than this are no race but a fault."""
_EDITION_DIGITS: Final = 10


def place_chunk_file(store: Store, kind: Kind, file_number: int, path: Path) -> ObjectRef:
    """Put one file of a chunk on the store, for good. What comes back may go into a ledger entry.

    Args:
        store: where to.
        kind: video or states.
        file_number: as planned.
        path: the finished local file; it is read twice and left as it is.

    Raises:
        StoreFailed: the store failed, or the key has been taken by other bytes in every edition.
    """
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size_bytes = path.stat().st_size
    if not store.has_conditional_writes:
        key = data_key(DataName(kind, file_number, _edition_of(sha256)))
        if not _holds(store, key, size_bytes, sha256):
            store.put(key, path)
        return ObjectRef(key, size_bytes, sha256)
    for edition in range(MAX_EDITIONS):
        key = data_key(DataName(kind, file_number, edition))
        if store.put_if_absent(key, path) or _holds(store, key, size_bytes, sha256):
            return ObjectRef(key, size_bytes, sha256)
    message = (
        f"{key}: {MAX_EDITIONS} different renderings of this chunk lie here; see why, then farm gc --idle"
    )
    raise StoreFailed(message)


def _edition_of(sha256: str) -> int:
    """An edition above those that are counted, the same for the same bytes: 40 bits of their hash."""
    return max(int(sha256[:_EDITION_DIGITS], 16), MAX_EDITIONS)


def _holds(store: Store, key: str, size_bytes: int, sha256: str) -> bool:
    """True if the object at `key` has these bytes; reads them unless the store knows their hash."""
    info = store.head(key)
    if info is None or info.size_bytes != size_bytes:
        return False
    return (info.sha256 or hashlib.sha256(store.get(key)).hexdigest()) == sha256
