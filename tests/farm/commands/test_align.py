"""`farm align` shows a game's recorded evidence and that of its files now, and draws it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.store.open import open_store
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.entry import LedgerEntry


def call(*arguments: object) -> Any:
    return CliRunner().invoke(farm, ["align", *map(str, arguments)])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("align")
    build(root / "set", root / "scratch")
    return root / "set"


def entries(dataset: Path, status: Status) -> list[LedgerEntry]:
    store = open_store(dataset)
    return [entry for entry in read_entries(store, done_game_ids(store)) if entry.status is status]


@pytest.mark.slow
def test_evidence_is_shown_as_recorded_and_motion_anew(dataset: Path):
    entry = entries(dataset, Status.COMMITTED)[0]
    result = call(entry.game_id, "--dataset", dataset, "--json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert shown["game_id"] == entry.game_id
    told = [(item["of"], item["name"]) for item in shown["evidence"]]
    assert told[: len(entry.evidence)] == [("game", item.name) for item in entry.evidence]
    assert [of for of, name in told if name == "encoded_motion"] == [
        f"chunk {number}, anew" for number in range(len(entry.chunks))
    ]


@pytest.mark.slow
def test_the_plot_is_a_picture_with_a_row_per_chunk(dataset: Path, tmp_path: Path):
    entry = entries(dataset, Status.COMMITTED)[0]
    result = call(entry.game_id, "--dataset", dataset, "--plot", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    picture = cv2.imread(str(tmp_path / "out.png"))
    assert picture is not None
    assert picture.shape[0] > 250 * len(entry.chunks)


@pytest.mark.slow
def test_a_game_set_aside_has_no_picture_fails(dataset: Path, tmp_path: Path):
    entry = entries(dataset, Status.SET_ASIDE)[0]
    result = call(entry.game_id, "--dataset", dataset, "--plot", tmp_path / "out.png")
    assert result.exit_code == 1
    assert "was set aside and has no pictures" in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("game", "message"),
    [("abc", "give at least the first 4"), ("zzzzzz", "no game of this dataset begins so")],
)
def test_a_game_that_is_not_there_fails(dataset: Path, game: str, message: str):
    result = call(game, "--dataset", dataset)
    assert result.exit_code == 2
    assert message in result.output
