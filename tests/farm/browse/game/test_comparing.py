"""Games of two datasets are matched by id or by state, and compared frame by frame."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from farm.browse.game.comparing import MOST_COMPARED, Comparison, NothingToCompare
from farm.browse.queries.library import Library
from farm.browse.server.app import make_app
from manifests.errors import DatasetError
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import done_game_ids, read_entries, withdraw, write_entry
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from tests.farm.browse.server.test_pages import Client
from tests.farm.browse.varied_games import NUM_GAMES as NUM_VARIED
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES, build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store


@pytest.fixture(scope="module")
def library(sound_store: Store) -> Library:
    return Library(sound_store)


@pytest.fixture(scope="module")
def renumbered(tmp_path_factory: pytest.TempPathFactory, library: Library) -> Store:
    """A dataset of the same games as `sound`, as if other replay files of them had been used."""
    root = tmp_path_factory.mktemp("renumbered")
    store = build(root / "set", root / "scratch", first=40)
    hashes = [row["it"] for row in library.rows("SELECT state_sha256 AS it FROM games ORDER BY it", [])]
    committed = [entry for entry in read_entries(store, done_game_ids(store)) if entry.chunks]
    for entry, state_sha256 in zip(committed, hashes, strict=True):
        withdraw(store, entry.game_id, force=True)
        write_entry(store, dataclasses.replace(entry, state_sha256=state_sha256))
    finalize(store, from_scratch=True)
    return store


@pytest.mark.slow
def test_a_game_is_matched_by_its_id(library: Library, sound_store: Store):
    pairs = Comparison(library, sound_store).pairs
    assert len(pairs) == NUM_GAMES
    assert all(one == other for one, other in pairs.items())


@pytest.mark.slow
def test_a_game_of_another_upload_is_matched_by_its_state(library: Library, renumbered: Store):
    comparison = Comparison(library, renumbered)
    theirs = {row["game_id"] for row in Library(renumbered).rows("SELECT game_id FROM games", [])}
    assert set(comparison.pairs.values()) == theirs
    assert len(comparison.pairs) == NUM_GAMES


@pytest.mark.slow
def test_what_is_alike_is_perfect_in_every_frame(library: Library, sound_store: Store):
    comparison = Comparison(library, sound_store)
    game_id = next(iter(comparison.pairs))
    found = comparison.ssim(game_id, -60, 40, 7)
    assert found["slp_frame"] == list(range(-60, 40, 7))
    assert set(found["ssim"]) == {1.0}
    end = -123 + NUM_FRAMES
    assert comparison.ssim(game_id, end - 2, end + 5, 1)["slp_frame"] == [end - 2, end - 1]


@pytest.mark.parametrize(
    ("start", "end", "every"), [(0, 0, 1), (0, MOST_COMPARED + 1, 1), (0, 10, 0), (0, 10**7, 10**6)]
)
def test_a_range_that_is_none_fails(library: Library, sound_store: Store, start: int, end: int, every: int):
    comparison = Comparison(library, sound_store)
    with pytest.raises(ValueError, match="are compared at once"):
        comparison.ssim(next(iter(comparison.pairs)), start, end, every)


def test_what_is_no_dataset_or_has_no_pictures_fails(library: Library, tmp_path: Path):
    with pytest.raises(DatasetError):
        Comparison(library, open_store(tmp_path / "nothing"))
    states_alone = open_store(tmp_path / "states")
    open_or_create(states_alone, dataclasses.replace(Samples().description, video=None, stamp=None))
    finalize(states_alone)
    with pytest.raises(NothingToCompare, match="states alone"):
        Comparison(library, states_alone)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/compare", 200),
        ("/compare/{game_id}", 200),
        ("/compare/{game_id}/ssim_0_20_10.json", 200),
        ("/compare/" + "0" * 64, 404),
        ("/compare/zz", 404),
        ("/compare/{game_id}/ssim_0_20.json", 404),
        ("/compare/{game_id}/ssim_0_99999_1.json", 400),
        ("/compare/{game_id}/ssim_99999_99999_1.json", 400),
        ("/other/files/dataset.json", 404),
    ],
)
def test_an_address_gives_its_page_or_says_what_is_wrong(sound_store: Store, address: str, status: int):
    client = Client(make_app(sound_store, other=sound_store))
    game_id = json.loads(client.get("/compare.json").body)["games"][0]["game_id"]
    assert client.get(address.format(game_id=game_id), range="bytes=0-9").status == status


@pytest.mark.slow
def test_two_datasets_without_a_game_in_common_are_told_with_the_size_of_both(varied: Store, tmp_path: Path):
    other = build(tmp_path / "set", tmp_path / "scratch", first=40)
    client = Client(make_app(varied, other=other))
    found = json.loads(client.get("/compare.json").body)
    assert (found["num_pairs"], found["num_games"]) == (0, [NUM_VARIED, NUM_GAMES])
    page = client.get("/compare").body.decode()
    assert f"No game is in both: {NUM_VARIED} are on the left and {NUM_GAMES} on the right" in page
    assert "<td>" not in page.partition("No game is in both")[2]


def test_where_nothing_is_compared_the_page_says_how(sound_store: Store):
    answer = Client(make_app(sound_store)).get("/compare")
    assert answer.status == 404
    assert b"--compare OTHER" in answer.body
    assert b"Compare</a>" not in answer.body
