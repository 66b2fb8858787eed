"""`farm gc` removes files that no ledger entry can ever name, and never files that one names."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.audit.audit import audit
from manifests.audit.gc import MIN_AGE_SECONDS, find_garbage, remove
from manifests.errors import RecordRefused
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.snapshot.finalize import finalize
from manifests.store.contract import Store
from manifests.store.keys import ledger_key, manifest_key, states_key, video_key
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

LATER = time.time() + 10 * MIN_AGE_SECONDS


@pytest.fixture
def store(tmp_path: Path, samples: Any) -> Store:
    """A store of two committed and two pending games, with leftovers of both."""
    store = open_store(tmp_path / "store")
    open_or_create(store, samples.description)
    append_plan(store, [samples.to_plan(n, 100) for n in range(4)], 90)
    one, other, third, _ = planned_games(store)
    for game in (one, other):
        write_entry(store, samples.place(store, game, tmp_path))
    samples.place(store, one, tmp_path, seed=1)  # left by a worker that lost the race
    samples.place(store, third, tmp_path)  # left by a worker that died, or is still at work
    store.put(video_key(700), b"of no plan")
    store.put(manifest_key(0, "games"), b"of a finalizer that died")
    finalize(store)
    return store


def test_only_what_no_worker_can_come_to_need_goes(store: Store):
    garbage = find_garbage(store, now=LATER)
    assert {item.key for item in garbage} == {
        key(n, edition=1) for n in (0, 1) for key in (video_key, states_key)
    }
    remove(store, garbage)
    assert find_garbage(store, now=LATER) == []
    assert audit(store).holds


def test_on_an_idle_store_everything_unnamed_goes(store: Store):
    keys = {item.key: item.why for item in find_garbage(store, idle=True, now=LATER)}
    assert keys[video_key(4)] == "its game is not committed"
    assert keys[video_key(700)] == "no plan has its number"
    assert keys[manifest_key(0, "games")] == "its snapshot was never completed"
    assert len(keys) == 4 + 4 + 1 + 1
    remove(store, find_garbage(store, idle=True, now=LATER))
    report = audit(store)
    assert report.holds
    assert report.orphans == []


def test_nothing_younger_than_a_day_goes(store: Store):
    assert find_garbage(store, idle=True) == []
    assert find_garbage(store, idle=True, now=time.time() + MIN_AGE_SECONDS - 60) == []


def test_nothing_goes_while_a_record_cannot_be_read(store: Store):
    game = next(planned_games(store))
    store.put(ledger_key(game.game_id), b"{}")
    with pytest.raises(RecordRefused, match="nothing is removed while a record cannot be read"):
        find_garbage(store, idle=True, now=LATER)


def test_the_command_names_and_removes_only_when_told(store: Store):
    two_days_ago = time.time() - 2 * MIN_AGE_SECONDS
    for info in store.list():
        os.utime(f"{store.url}/{info.key}", (two_days_ago, two_days_ago))
    result = CliRunner().invoke(farm, ["gc", store.url])
    assert result.exit_code == 0, result.output
    assert "4 objects, 4,000 bytes may be removed" in result.output
    assert store.head(video_key(0, edition=1)) is not None
    result = CliRunner().invoke(farm, ["gc", store.url, "--delete", "--json"])
    assert len(json.loads(result.stdout)["objects"]) == 4
    assert store.head(video_key(0, edition=1)) is None
    assert "0 objects" in CliRunner().invoke(farm, ["gc", store.url]).output
