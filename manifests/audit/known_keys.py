"""Tell by its key whether an object belongs to a dataset, or is one that this program never puts there."""

from __future__ import annotations

from typing import Final

from manifests.ledger.tables import MANIFEST_TABLES
from manifests.store.keys import (
    CLAIM_PREFIX,
    CURRENT_KEY,
    DATASET_KEY,
    LIVE_PREFIX,
    PROBE_PREFIX,
    STORE_KEY,
    game_id_of_ledger_key,
    manifest_key,
    plan_number_of,
    snapshot_key,
    snapshot_number_of,
)
from manifests.store.made_beside import is_made_beside

_TABLES: Final = (*MANIFEST_TABLES, "statistics")


def is_of_a_dataset(key: str) -> bool:
    """Whether this is the key of a record or a compiled file; it is never called for chunk objects."""
    return (
        key in (DATASET_KEY, STORE_KEY, CURRENT_KEY)
        or key.startswith((PROBE_PREFIX, CLAIM_PREFIX, LIVE_PREFIX))
        or game_id_of_ledger_key(key) is not None
        or plan_number_of(key) is not None
        or _is_of_a_snapshot(key)
        or is_made_beside(key)
    )


def _is_of_a_snapshot(key: str) -> bool:
    number = snapshot_number_of(key)
    if number is None:
        return False
    return key in (snapshot_key(number), *(manifest_key(number, table) for table in _TABLES))
