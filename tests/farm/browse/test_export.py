"""The exported pages are complete, and say the same as those of the server."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from farm.browse.export import Export, files_from
from farm.browse.queries.game_filters import SORT_COLUMNS
from farm.browse.queries.library import Library
from farm.browse.queries.typed_sql import ConditionRefused
from farm.browse.server.app import make_app
from manifests.ledger.entry import write_entry
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from tests.farm.browse.server.test_pages import Client
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import NUM_GAMES, build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store


def export(store: Store, out: Path, files: str = "../") -> Export:
    return Export(Library(store), out, files, list(SORT_COLUMNS))


@pytest.fixture(scope="module")
def pages(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "pages"
    assert export(open_store(sound), out).write() == NUM_GAMES
    return out


@pytest.mark.slow
def test_every_page_has_its_twin_for_programs(pages: Path):
    games = [f"games/{path.stem}" for path in (pages / "games").glob("*.html")]
    assert len(games) == NUM_GAMES
    for name in ("index", "games", "charts", "rejects", "schema", *games):
        assert (pages / f"{name}.html").exists(), name
        assert json.loads((pages / f"{name}.json").read_text()), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index", "charts", "rejects", "schema"])
def test_what_a_file_says_the_server_says(pages: Path, sound_store: Store, name: str):
    served = json.loads(Client(make_app(sound_store)).get(f"/{name}.json").body)
    assert json.loads((pages / f"{name}.json").read_text()) == served


@pytest.mark.slow
def test_a_game_has_its_states_its_timeline_and_its_pictures(pages: Path, sound_store: Store):
    client = Client(make_app(sound_store))
    for page in (pages / "games").glob("*.html"):
        game = json.loads(page.with_suffix(".json").read_text())
        for number in range(len(game["chunks"])):
            state = (page.parent / page.stem / f"chunk-{number}.json").read_bytes()
            served = client.get(f"/games/{page.stem}/chunk-{number}.json").body
            assert json.loads(state) == json.loads(served)
        for name in ("thumbnail.jpg", "sheet.jpg"):
            assert (page.parent / page.stem / name).read_bytes()[:3] == b"\xff\xd8\xff"
        assert set(json.loads((page.parent / page.stem / "timeline.json").read_text())) == {
            "rolled_back",
            "stocks_lost",
            "events",
        }


@pytest.mark.slow
def test_only_games_under_the_condition_are_written_and_counted(sound_store: Store, tmp_path: Path):
    told: list[tuple[int, int]] = []
    number = export(sound_store, tmp_path).write("num_frames > 0", 2, lambda *each: told.append(each))
    assert number == len(list((tmp_path / "games").glob("*.html"))) == 2
    assert told == [(0, 2), (1, 2), (2, 2)]
    games = json.loads((tmp_path / "games.json").read_text())
    assert len(games["rows"]) == 2


def test_a_condition_that_is_none_writes_nothing(sound_store: Store, tmp_path: Path):
    with pytest.raises(ConditionRefused):
        export(sound_store, tmp_path / "out").write("no such")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_fails(sound_store: Store, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        export(sound_store, tmp_path / "file").write()


@pytest.mark.slow
def test_rejects_have_a_page_for_each_reason(tmp_path: Path):
    store = build(tmp_path / "set", tmp_path / "scratch")
    write_entry(store, dataclasses.replace(Samples().set_aside(78), detail="<b>loud</b>"))
    finalize(store)
    export(store, tmp_path / "out").write(limit=1)
    assert {path.name for path in (tmp_path / "out").glob("rejects*.html")} == {
        "rejects.html",
        "rejects-misaligned.html",
    }
    page = (tmp_path / "out" / "rejects-misaligned.html").read_text()
    assert "<b>loud" not in page
    assert "&lt;b&gt;loud" in page


def test_pages_beside_a_local_dataset_find_it_by_a_relative_path(tmp_path: Path):
    assert files_from(tmp_path / "pages", str(tmp_path / "set")) == "../set/"
    assert files_from(tmp_path / "set" / "pages", str(tmp_path / "set")) == "../"


def test_pages_of_a_bucket_are_to_lie_in_it(tmp_path: Path):
    assert files_from(tmp_path, "s3://bucket/melee") == "../"


@pytest.mark.slow
def test_every_games_page_says_where_its_videos_are(sound_store: Store, tmp_path: Path):
    export(sound_store, tmp_path, "https://bucket.example/melee/").write(limit=1)
    (page,) = (tmp_path / "games").glob("*.html")
    assert "https://bucket.example/melee/" in page.read_text()
