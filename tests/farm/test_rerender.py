"""`farm audit --rerender` renders committed games again and compares the bytes with the dataset's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.rerender import rerender
from farm.run import local_slots, run
from farm.run_report import Silence
from farm.settings import RunSettings
from manifests.ledger.entry import LedgerEntry
from manifests.store.keys import DATASET_KEY, LEDGER_PREFIX
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.dolphin, pytest.mark.slow]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("again")
    (root / "game.slp").write_bytes(record_match(3, num_frames=300))
    settings = RunSettings(
        replays=(str(root),), out=str(root / "set"), emulator="standin", frames_per_chunk=180
    )
    run(settings, local_slots(settings, 1), Silence())
    return root / "set"


def audit(dataset: Path, *more: str) -> Any:
    return CliRunner().invoke(farm, ["audit", str(dataset), "--depth", "listing", "--rerender", "1%", *more])


def test_a_sound_game_renders_to_the_same_bytes(dataset: Path):
    result = audit(dataset)
    assert result.exit_code == 0, result.output
    assert "rerendered: 1 game, 4 objects compared\nevery byte is the same" in result.output


def test_a_game_whose_record_says_otherwise_is_named(dataset: Path):
    store = open_store(dataset)
    (key,) = (info.key for info in store.list(LEDGER_PREFIX))
    sound = store.get(key)
    plain = json.loads(sound)
    entry = LedgerEntry.from_json(sound)
    plain["content"]["state_sha256"] = "0" * 64
    store.put(key, json.dumps(plain).encode())
    try:
        with pytest.raises(Exception, match="content"):  # a forged entry is found by its own sum
            list(rerender(str(dataset), 1.0))
    finally:
        store.put(key, sound)
    assert LedgerEntry.from_json(store.get(key)) == entry


def test_a_machine_that_renders_otherwise_is_refused(dataset: Path):
    store = open_store(dataset)
    sound = store.get(DATASET_KEY)
    plain = json.loads(sound)
    plain["fingerprints"]["emulator_version"] = "another"
    del plain["content_sha256"]  # as in datasets made before entries had a sum
    store.put(DATASET_KEY, json.dumps(plain).encode())
    try:
        with pytest.raises(
            EnvironmentFailed, match=r"renders otherwise than the dataset was made: .*emulator_v"
        ):
            list(rerender(str(dataset), 1.0))
    finally:
        store.put(DATASET_KEY, sound)


def test_a_dataset_that_does_not_say_how_pictures_came_out_is_no_other_dataset(dataset: Path):
    store = open_store(dataset)
    sound = store.get(DATASET_KEY)
    plain = json.loads(sound)
    plain["fingerprints"]["frames"] = "channel 1"
    del plain["content_sha256"]  # as in datasets made before entries had a sum
    store.put(DATASET_KEY, json.dumps(plain).encode())
    try:
        (again,) = rerender(str(dataset), 1.0)
    finally:
        store.put(DATASET_KEY, sound)
    assert again.differences == ()
