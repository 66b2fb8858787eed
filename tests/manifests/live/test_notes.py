"""A live run's notes are read back unchanged, broken ones are left out, and none is left after the run."""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING

import pytest

from manifests.audit.audit import audit
from manifests.audit.gc import find_garbage
from manifests.errors import RecordRefused
from manifests.live.notes import (
    FailureNote,
    GameNote,
    RunNote,
    SlotNote,
    game_note,
    put_note,
    remove_game_note,
    remove_old_notes,
    remove_run_note,
    run_notes,
)
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

GAME = Samples.game_id(1)
NOTE = GameNote(GAME, 1000.5, 30, 200, 61.5, 0, 3, base64.b64encode(b"jpeg").decode())
RUN = RunNote(
    "ab12", 1000.0, 900.0, 3.0, {"committed": 2, "running": 1}, {"worker_died": 1}, 400, 600, 55.5, 44.0,
    (SlotNote("local/0", "local", "2 cores", GAME, 990.0),),
    (FailureNote(995.0, GAME, "local", "worker_died", "killed by SIGKILL"),), ("First game committed.",),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "set")


def test_notes_are_read_back_as_they_were_put(store: Store):
    put_note(store, NOTE)
    put_note(store, RUN)
    assert game_note(store, GAME) == NOTE
    assert game_note(store, GAME).picture == b"jpeg"
    assert run_notes(store) == (RUN,)


def test_a_later_note_takes_the_place_of_the_one_before(store: Store):
    put_note(store, NOTE)
    put_note(store, dataclasses.replace(NOTE, num_shown=90))
    assert game_note(store, GAME).num_shown == 90
    assert len(list(store.list())) == 1


def test_a_note_that_is_gone_is_none(store: Store):
    put_note(store, NOTE)
    put_note(store, RUN)
    remove_game_note(store, GAME)
    remove_run_note(store, RUN.name)
    assert game_note(store, GAME) is None
    assert run_notes(store) == ()


@pytest.mark.parametrize("data", [b"", b"{}", b"no JSON", b"[1]", b'{"name": 1}', bytes(2 << 20)])
def test_a_note_that_cannot_be_read_is_left_out(store: Store, data: bytes):
    put_note(store, RUN)
    store.put("live/runs/broken.json", data)
    store.put(f"live/games/{GAME}.json", data)
    assert run_notes(store) == (RUN,)
    assert game_note(store, GAME) is None


def test_a_picture_that_is_no_base64_is_refused():
    with pytest.raises(RecordRefused, match="no base64"):
        _ = dataclasses.replace(NOTE, jpeg="***").picture


def test_what_killed_runs_left_is_removed_by_its_age(store: Store):
    put_note(store, NOTE)
    remove_old_notes(store, before=0.0)
    assert game_note(store, GAME) is not None
    remove_old_notes(store, before=float("inf"))
    assert list(store.list()) == []


@pytest.mark.slow
def test_an_audit_passes_notes_by_and_gc_removes_them_when_nobody_is_at_work(tmp_path: Path):
    store = build(tmp_path / "set", tmp_path / "scratch")
    put_note(store, NOTE)
    put_note(store, RUN)
    assert list(audit(store).findings) == []
    assert [item.key for item in find_garbage(store, idle=False)] == []
    found = {item.key for item in find_garbage(store, idle=True)}
    assert found == {f"live/games/{GAME}.json", "live/runs/ab12.json"}
