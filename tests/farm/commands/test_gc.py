"""`farm gc` names files before it removes any, and never removes one that may still be needed."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from manifests.errors import RecordRefused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

DAY = 24 * 3600


def orphan(dataset: Path, number: int, *, age_seconds: float) -> Path:
    """Put a video that no ledger entry names; file numbers from 9 on belong to the pending game."""
    path = dataset / f"videos/observation.images.game/chunk-000/file-{number:03}.mp4"
    path.write_bytes(b"left by a worker")
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


def test_a_sound_dataset_has_nothing_to_remove(call: Call, dataset: Path):
    result = call("gc", dataset, "--idle")
    assert result.exit_code == 0
    assert result.stdout == "0 objects, 0 bytes may be removed (--delete does it)\n"


def test_it_names_what_may_go_and_removes_nothing(call: Call, dataset: Path):
    left = orphan(dataset, 9, age_seconds=2 * DAY)
    result = call("gc", dataset, "--idle")
    assert f"{left.relative_to(dataset)}: 16 bytes; " in result.stdout
    assert result.stdout.endswith("1 objects, 16 bytes may be removed (--delete does it)\n")
    assert left.exists()


def test_it_removes_what_it_named_when_told_to(call: Call, dataset: Path):
    left = orphan(dataset, 9, age_seconds=2 * DAY)
    assert call("gc", dataset, "--idle", "--delete").stdout.endswith("1 objects, 16 bytes removed\n")
    assert not left.exists()
    assert call("audit", dataset, "--depth", "checksum").exit_code == 0


def test_nothing_younger_than_a_day_goes(call: Call, dataset: Path):
    left = orphan(dataset, 9, age_seconds=DAY / 2)
    call("gc", dataset, "--idle", "--delete")
    assert left.exists()


def test_what_a_game_that_is_pending_may_still_come_to_name_stays_unless_nobody_renders(
    call: Call, dataset: Path
):
    left = orphan(dataset, 9, age_seconds=2 * DAY)
    call("gc", dataset, "--delete")
    assert left.exists()
    call("gc", dataset, "--delete", "--idle")
    assert not left.exists()


def test_the_list_as_json_says_whether_they_are_gone(call: Call, dataset: Path):
    orphan(dataset, 9, age_seconds=2 * DAY)
    named = json.loads(call("gc", dataset, "--idle", "--json").stdout)
    removed = json.loads(call("gc", dataset, "--idle", "--delete", "--json").stdout)
    assert (named["deleted"], removed["deleted"]) == (False, True)
    assert named["objects"] == removed["objects"]
    assert removed["objects"][0]["size_bytes"] == 16


def test_while_a_record_cannot_be_read_nothing_goes(call: Call, dataset: Path):
    left = orphan(dataset, 9, age_seconds=2 * DAY)
    next((dataset / "ledger").iterdir()).write_text("torn")
    with pytest.raises(RecordRefused, match="nothing is removed"):
        call("gc", dataset, "--idle", "--delete")
    assert left.exists()
