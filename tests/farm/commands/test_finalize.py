"""`farm finalize` compiles the manifests, leaves out parts on request, and does nothing twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from manifests.errors import DatasetError
from manifests.ledger.entry import write_entry
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import NUM_GAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

QUICK = ("--no-lerobot", "--no-card")


def test_without_anything_new_nothing_is_compiled(call: Call, dataset: Path):
    result = call("finalize", dataset, *QUICK)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"manifest/0000 (unchanged): {NUM_GAMES} games, 9 chunks, 600 frames")
    assert not (dataset / "manifest" / "0001").exists()


def test_a_new_entry_makes_a_new_snapshot_with_its_reason(call: Call, dataset: Path):
    write_entry(open_store(dataset), Samples().set_aside(78, Reason.ILLEGAL_STAGE))
    result = call("finalize", dataset, *QUICK)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("manifest/0001 (new): 3 games")
    assert lines[0].endswith("2 set aside")
    assert sorted(line.strip() for line in lines[1:]) == ["illegal_stage: 1", "misaligned: 1"]


def test_from_scratch_finds_the_same(call: Call, dataset: Path):
    usual = json.loads(call("finalize", dataset, *QUICK, "--json").stdout)
    anew = json.loads(call("finalize", dataset, *QUICK, "--json", "--from-scratch").stdout)
    assert anew["snapshot"]["totals"] == usual["snapshot"]["totals"]


def test_the_outcome_as_json_says_what_was_made(call: Call, dataset: Path):
    found = json.loads(call("finalize", dataset, *QUICK, "--json").stdout)
    assert (found["is_new"], found["lerobot"], found["sheets"]) == (False, None, None)
    assert found["snapshot"]["totals"]["num_committed"] == NUM_GAMES


@pytest.mark.slow
def test_lerobot_tables_are_written_once_and_then_kept(call: Call, dataset: Path):
    first = call("finalize", dataset, "--no-card").stdout.splitlines()[-1]
    assert first.startswith("meta/ and data/: LeRobot v3, 9 episodes")
    assert (dataset / "meta" / "info.json").exists()
    again = call("finalize", dataset, "--no-card").stdout.splitlines()[-1]
    assert "0 files written" in again


@pytest.mark.slow
def test_a_card_is_written_unless_it_is_not_wanted(call: Call, dataset: Path):
    call("finalize", dataset, *QUICK)
    assert not (dataset / "README.md").exists()
    call("finalize", dataset, "--no-lerobot")
    assert (dataset / "README.md").exists()
    assert json.loads((dataset / "croissant.json").read_text())


def test_a_dataset_of_nothing_but_rejects_has_no_tables_to_write(call: Call, tmp_path: Path):
    from manifests.ledger.dataset import open_or_create  # noqa: PLC0415 - here alone

    store = open_store(tmp_path / "set")
    open_or_create(store, Samples.description)
    write_entry(store, Samples().set_aside(1))
    result = call("finalize", tmp_path / "set")
    assert result.exit_code == 0, result.output
    assert "manifest/0000 (new): 0 games" in result.stdout
    assert not (tmp_path / "set" / "meta").exists()


def test_what_is_no_dataset_fails(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("finalize", tmp_path)


def test_where_a_video_is_gone_it_says_that_the_manifests_are_written_all_the_same(call: Call, dataset: Path):
    write_entry(open_store(dataset), Samples().set_aside(78, Reason.ILLEGAL_STAGE))
    (dataset / "videos/observation.images.game/chunk-000/file-000.mp4").unlink()
    with pytest.raises(
        DatasetError, match=r"no such object. The manifests are written \(manifest/0001, 3 games\)"
    ):
        call("finalize", dataset, "--no-card")
    assert (dataset / "manifest" / "0001").exists()
