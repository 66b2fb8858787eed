"""The dataset's card says what the manifests say, for people and for programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET  # only our own charts are parsed
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.card.card import CHARACTERS_KEY, CROISSANT_KEY, README_KEY, STAGES_KEY, write_card
from manifests.card.charts import bar_chart
from manifests.ledger.tables import MANIFEST_TABLES
from manifests.snapshot.reader import open_manifest
from manifests.store.contract import Store
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Store:
    shutil.copytree(sound, tmp_path / "copy")
    return open_store(tmp_path / "copy")


@pytest.mark.slow
def test_the_readme_says_how_much_there_is_and_how_to_read_it(store: Store):
    write_card(open_manifest(store))
    text = store.get(README_KEY).decode()
    assert "| train | 3 | 600 | 0.00 |" in text
    assert "| all | 3 | 600 | 0.00 |" in text
    assert "| misaligned | 1 |" in text
    assert "never by time" in text
    assert "60000/1001 Hz" in text
    assert "smpte170m" in text
    assert "(0, 464), 640x16" in text
    assert "stand-in game, not by Melee" in text
    assert "SELECT stage_name" in text
    assert "| `byte_offset` | int64 |" in text
    for key in (STAGES_KEY, CHARACTERS_KEY):
        assert f"]({key})" in text
        assert store.head(key) is not None


@pytest.mark.slow
def test_the_same_manifests_give_the_same_card(store: Store):
    write_card(open_manifest(store))
    before = {key: store.get(key) for key in (README_KEY, CROISSANT_KEY, STAGES_KEY)}
    write_card(open_manifest(store))
    assert {key: store.get(key) for key in before} == before


def test_croissant_has_the_hash_of_every_manifest_file(store: Store):
    manifest = open_manifest(store)
    write_card(manifest)
    plain = json.loads(store.get(CROISSANT_KEY))
    files = {item["contentUrl"]: item["sha256"] for item in plain["distribution"]}
    assert files == {ref.object.key: ref.object.sha256 for ref in manifest.snapshot.tables.values()}
    fields = {field["@id"] for record_set in plain["recordSet"] for field in record_set["field"]}
    assert "games/stage_name" in fields
    assert "gops/byte_offset" in fields
    assert "games/evidence" not in fields
    assert {record_set["@id"] for record_set in plain["recordSet"]} == set(MANIFEST_TABLES)


def test_a_chart_has_a_bar_for_each_count_in_order():
    tree = ET.fromstring(bar_chart("A <title>", {"few": 1, "many": 40, "a&b": 20}))  # noqa: S314
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert texts == ["A <title>", "many", "40", "a&b", "20", "few", "1"]
    widths = [float(rect.attrib["width"]) for rect in tree.iter(f"{SVG}rect")]
    assert widths == [420.0, 210.0, 10.5]


def test_a_chart_of_nothing_is_a_chart():
    assert ET.fromstring(bar_chart("Empty", {})).tag == f"{SVG}svg"  # noqa: S314


@pytest.mark.slow
def test_the_command_writes_manifests_lerobot_tables_and_card(store: Store):
    result = CliRunner().invoke(farm, ["finalize", store.url])
    assert result.exit_code == 0, result.output
    assert "3 games, 9 chunks, 600 frames" in result.output
    assert "LeRobot v3, 9 episodes, 1 tasks; 1 files written, 0 unchanged" in result.output
    assert store.head("meta/info.json") is not None
    assert store.head(README_KEY) is not None
    plain = json.loads(CliRunner().invoke(farm, ["finalize", store.url, "--json"]).stdout)
    assert not plain["is_new"]
    assert plain["lerobot"]["num_files_kept"] == 1


def test_the_command_leaves_out_what_it_is_told_to(store: Store):
    result = CliRunner().invoke(farm, ["finalize", store.url, "--no-lerobot", "--no-card"])
    assert result.exit_code == 0, result.output
    assert store.head("meta/info.json") is None
    assert store.head(README_KEY) is None


@pytest.mark.slow
@pytest.mark.skipif(
    "CROISSANT_PYTHON" not in os.environ, reason="$CROISSANT_PYTHON names no one with mlcroissant"
)
def test_mlcroissant_accepts_it(store: Store):
    write_card(open_manifest(store))
    check = (
        "import mlcroissant, sys; d = mlcroissant.Dataset(sys.argv[1]); print(next(iter(d.records('games'))))"
    )
    result = subprocess.run(
        [os.environ["CROISSANT_PYTHON"], "-c", check, f"{store.url}/{CROISSANT_KEY}"],
        check=False, capture_output=True, text=True, timeout=120, cwd=store.url,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    assert "games/game_id" in result.stdout


def test_no_path_of_this_machine_is_in_it(store: Store):
    write_card(open_manifest(store))
    for key in (README_KEY, CROISSANT_KEY):
        assert store.url.encode() not in store.get(key)
