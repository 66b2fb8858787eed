"""The motion evidence of one finished chunk, measured anew from its video and states files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from farm.browse.states.chunk_states import chunk_states
from manifests.ledger.dataset import read_description
from manifests.video.mp4 import decode_luma
from workers.align.motion.witness import MotionWitness

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store
    from workers.align.motion.evidence import MotionFinding


def motion_of(
    store: Store, chunk: ChunkRecord, on_frame: Callable[[], object] = lambda: None
) -> MotionFinding:
    """Decode a chunk's pictures, and compare their motion with that in the chunk's states.

    Args:
        store: the dataset's store.
        chunk: the chunk, one of the dataset's pairs of files.
        on_frame: called after each picture.

    Raises:
        DatasetError: a file cannot be read or decoded.
    """
    description = read_description(store)
    witness = MotionWitness(description.picture_delay_frames, description.picture_step)
    for luma in decode_luma(io.BytesIO(store.get(chunk.footage[0].key))):
        witness.see(luma)
        on_frame()
    _, found = witness.finding(chunk_states(store, chunk))
    return found
