"""Reads the game that an address of the browser names, or answers 404 with a reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from manifests.ledger.entry import read_entry

if TYPE_CHECKING:
    from starlette.requests import Request

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

GAME_ID: Final = re.compile(r"[0-9a-f]{64}")


def asked_game_id(request: Request) -> str:
    """Read the game_id of an address.

    Raises:
        HTTPException: 404; the text is no game_id.
    """
    game_id: str = request.path_params["game_id"]
    if not GAME_ID.fullmatch(game_id):
        raise HTTPException(404, "a game_id is 64 hexadecimal digits")
    return game_id


def committed_entry(store: Store, game_id: str) -> LedgerEntry:
    """Read the ledger entry of a committed game.

    Raises:
        HTTPException: 404; the dataset has no such game.
        DatasetError: the store failed.
    """
    entry = read_entry(store, game_id) if GAME_ID.fullmatch(game_id) else None
    if entry is None or not entry.chunks:
        raise HTTPException(404, "no committed game of this dataset has this id")
    return entry
