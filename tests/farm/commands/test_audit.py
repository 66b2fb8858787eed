"""`farm audit`: its report on a sound dataset and on a damaged one, and its exit status."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from farm.commands import audit as audit_command
from manifests.errors import DatasetError
from tests.manifests.small_dataset import NUM_GAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

VIDEO = "videos/observation.images.game/chunk-000/file-000.mp4"


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("depth", ["listing", "checksum", "structure", "decode"])
def test_a_sound_dataset_holds_at_every_depth(call: Call, sound: Path, depth: str):
    result = call("audit", sound, "--depth", depth)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{depth}: {NUM_GAMES} games, 9 pairs, 1 set aside, 1 pending")
    assert result.stdout.endswith("all holds\n")


@pytest.mark.slow
def test_a_deeper_look_says_how_much_it_looked_into(call: Call, sound: Path):
    assert "pairs looked into" not in call("audit", sound, "--depth", "listing").stdout
    assert "9 pairs looked into" in call("audit", sound, "--depth", "checksum").stdout
    assert "600 frames decoded" in call("audit", sound, "--depth", "decode").stdout


def test_an_object_that_is_gone_is_named_and_the_status_says_so(call: Call, dataset: Path):
    (dataset / VIDEO).unlink()
    result = call("audit", dataset, "--depth", "listing")
    assert result.exit_code == 1
    assert "file-000.mp4" in "".join(result.stdout.split())
    assert "farm retry DATASET --game GAME_ID --force" in result.stdout
    assert "wrong" in result.stdout.splitlines()[-1]


def test_a_changed_byte_is_seen_by_checksums_and_not_by_a_listing(call: Call, dataset: Path):
    flip(dataset / VIDEO)
    assert call("audit", dataset, "--depth", "listing").exit_code == 0
    assert call("audit", dataset, "--depth", "checksum").exit_code == 1


def test_the_report_as_json_has_every_finding(call: Call, dataset: Path):
    flip(dataset / VIDEO)
    result = call("audit", dataset, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["holds"], report["depth"], report["num_games"]) == (False, "checksum", NUM_GAMES)
    assert [finding["key"] for finding in report["findings"]] == [VIDEO]
    assert report["rerendered"] == []


def test_only_so_many_findings_are_printed(call: Call, dataset: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit_command, "MAX_PRINTED", 2)
    for path in (dataset / "videos").rglob("*.mp4"):
        path.unlink()
    result = call("audit", dataset, "--depth", "listing")
    assert "... and 7 more; --json has them all" in result.stdout
    assert result.stdout.endswith("9 things are wrong\n")


def test_orphans_are_counted_and_named_where_asked(call: Call, dataset: Path):
    (dataset / "videos/observation.images.game/chunk-000/file-777.mp4").write_bytes(b"left by a worker")
    assert "1 objects are named by no ledger entry" in call("audit", dataset).stdout
    named = call("audit", dataset, "--orphans")
    assert named.exit_code == 0, "an orphan is no fault of the dataset"
    assert "file-777.mp4, 16 bytes" in named.stdout


def test_a_sample_looks_into_fewer_pairs_and_a_seed_chooses_the_same(call: Call, sound: Path):
    def sampled(seed: int) -> str:
        return call("audit", sound, "--sample", "30%", "--seed", seed).stdout

    assert sampled(1) == sampled(1)
    assert "9 pairs looked into" not in sampled(1)


@pytest.mark.parametrize("sample", ["101%", "-1%", "half", "2"])
def test_a_sample_that_is_no_share_fails(call: Call, sound: Path, sample: str):
    result = call("audit", sound, f"--sample={sample}")
    assert result.exit_code == 2
    assert "give 0% to 100%, or 0 to 1" in result.output


def test_what_is_no_dataset_cannot_be_audited(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("audit", tmp_path)


@pytest.mark.slow
def test_where_opencv_is_not_installed_motion_is_not_told(call: Call, sound: Path, monkeypatch):
    import sys  # noqa: PLC0415 - here alone

    monkeypatch.setitem(sys.modules, "workers.align.motion.witness", None)
    result = call("audit", sound, "--depth", "decode")
    assert result.exit_code == 0
    assert "motion told of 0 pairs" in result.stdout


def test_keys_with_control_characters_are_printed_as_escapes(call: Call, sound: Path, tmp_path: Path):
    shutil.copytree(sound, tmp_path / "copy")
    for name in ("states/e\x1b[31m\n.bin", "f\x1b[31m\n.bin"):
        (tmp_path / "copy" / name).write_bytes(b"x")
    for arguments in (["audit", "--orphans", "--depth", "listing"], ["gc", "--idle"]):
        result = call(arguments[0], tmp_path / "copy", *arguments[1:])
        assert "\x1b" not in result.output
    assert result.exit_code == 0
