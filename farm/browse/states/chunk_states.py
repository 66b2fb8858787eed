"""Reads the states of one chunk from the dataset's store; a damaged file is a DatasetError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.errors import RecordRefused
from manifests.state.file import read_states

if TYPE_CHECKING:
    from manifests.ledger.records import ChunkRecord
    from manifests.state.table import StateTable
    from manifests.store.contract import Store


def chunk_states(store: Store, chunk: ChunkRecord) -> StateTable:
    """Read every row of the chunk's states file.

    Raises:
        DatasetError: the store failed, or the object is no states file of this schema.
    """
    return parsed_states(chunk.states.key, store.get(chunk.states.key))


def parsed_states(key: str, data: bytes, start: int = 0, exclusive_end: int | None = None) -> StateTable:
    """Parse rows [start, exclusive_end) of a states file that is already in memory; by default all rows.

    Raises:
        RecordRefused: the bytes are no states file of this schema, or have no such rows.
    """
    try:
        return read_states(data, start, exclusive_end)
    except (ValueError, OSError, KeyError) as error:
        message = f"{key} is no states file that can be read: {error!s:.200}; `farm audit` names what else is"
        raise RecordRefused(message) from error
