"""Datasets for tests of the browser: a small one with real pictures, and one of many different games."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.store.contract import Store
from manifests.store.open import open_store
from tests.farm.browse.varied_games import build_varied

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.entry import LedgerEntry


@pytest.fixture(scope="session")
def sound_store(sound: Path) -> Store:
    """Not to be written to."""
    return open_store(sound)


@pytest.fixture(scope="session")
def committed(sound_store: Store) -> LedgerEntry:
    """The first committed game of `sound_store`; it has three chunks."""
    entries = read_entries(sound_store, done_game_ids(sound_store))
    return next(entry for entry in entries if entry.status is Status.COMMITTED)


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Not to be written to."""
    return build_varied(tmp_path_factory.mktemp("varied"))
