"""The content of the schema page, made from the schema's one declaration."""

from __future__ import annotations

from typing import Any, Final

from manifests.ledger.tables import MANIFEST_TABLES, TABLES
from manifests.state import schema

_NUM_PLAYERS: Final = 2


def schema_tables() -> dict[str, Any]:
    """Return the columns of states files and of the manifests, JSON-ready."""
    states = [
        {"name": name, "type": column.dtype, "unit": column.unit, "doc": column.doc}
        for name, column in schema.table_columns(_NUM_PLAYERS).items()
    ]
    manifests = {
        table: [
            {"name": column.name, "type": str(column.type), "doc": column.doc} for column in TABLES[table]
        ]
        for table in MANIFEST_TABLES
    }
    return {"states": states, "manifests": manifests}


def schema_columns(num_players: int) -> list[str]:
    """Return the names of those columns of a states file that hold one number a frame."""
    return [name for name in schema.table_columns(num_players) if not name.startswith("items.")]
