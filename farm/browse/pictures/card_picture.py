"""Makes the animated picture of a dataset's card: a few seconds of one game in which much happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from farm.browse.pictures.clips import ClipAsk, clip
from manifests.labels.events import EventKind
from manifests.ledger.entry import read_entry
from manifests.store.made_beside import MOVING_KEY

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.snapshot.reader import Manifest
    from manifests.store.contract import Store

_FRAMES: Final = 150
_BEFORE: Final = 20  # frames before the first hit
_LEAST_FRAMES: Final = 10


def write_card_picture(store: Store, manifest: Manifest) -> bool:
    """Write the picture where the card expects it, unless one exists; return whether there is one now.

    To make it, some seconds of video are decoded. A dataset without pictures or games gets none.

    Raises:
        DatasetError: the store failed, or the video cannot be decoded.
    """
    if store.head(MOVING_KEY) is not None:
        return True
    game_ids = manifest.table("games", ["game_id"])["game_id"]
    if manifest.description.video is None or not len(game_ids):
        return False
    entry = read_entry(store, game_ids[0].as_py())
    if entry is None or entry.num_frames < _LEAST_FRAMES:
        return False
    start = lively_frame(entry)
    store.put(MOVING_KEY, clip(store, entry, ClipAsk(start, start + _FRAMES, "webp")))
    return True


def lively_frame(entry: LedgerEntry) -> int:
    """Choose the slp_frame where the stretch with most hits begins; the game's middle without hits."""
    first, end = entry.chunks[0].slp_frame_start, entry.chunks[-1].slp_frame_exclusive_end
    noted = (entry.events or {}).get(EventKind.HIT)
    latest = max(first, end - _FRAMES)
    if noted is None:
        return min((first + end) // 2, latest)
    hits = np.array(noted.slp_frame)
    within = np.searchsorted(hits, hits + _FRAMES - _BEFORE) - np.arange(len(hits))
    return min(max(first, int(hits[int(within.argmax())]) - _BEFORE), latest)
