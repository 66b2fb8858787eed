"""Contact sheets are made once, lie where the side table says, and are shown by the browser."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from tests.manifests.small_dataset import NUM_GAMES, build

pytestmark = pytest.mark.slow

pytest.importorskip("PIL", reason="the extra `browse` is not installed")
Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("sheets")
    return str(build(root / "set", root / "scratch").url)


def finalized(url: str) -> Any:
    result = CliRunner().invoke(farm, ["finalize", url, "--no-lerobot", "--no-card", "--sheets"])
    assert result.exit_code == 0, result.output
    return result


def table(url: str) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(open_store(url).get("sheets/sheets.parquet"))).to_pylist()


def test_every_game_has_its_sheet_where_the_table_says(url: str):
    assert f"{NUM_GAMES} contact sheets written, 0 kept" in finalized(url).output
    store, rows = open_store(url), table(url)
    assert [row["game_id"] for row in rows] == open_manifest(store).games().column("game_id").to_pylist()
    for row in rows:
        data = store.get(row["key"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (row["size_bytes"], row["sha256"])
        picture = Image.open(io.BytesIO(data))
        assert (picture.width, picture.height % 4) == (4 * 320, 0)


def test_only_what_is_missing_is_made(url: str):
    finalized(url)
    before = table(url)
    open_store(url).delete(before[1]["key"])
    assert f"1 contact sheets written, {NUM_GAMES - 1} kept" in finalized(url).output
    assert table(url) == before


def test_an_audit_and_gc_leave_them_alone(url: str):
    finalized(url)
    result = CliRunner().invoke(farm, ["audit", url, "--depth", "listing"])
    assert result.exit_code == 0, result.output
    CliRunner().invoke(farm, ["gc", url, "--idle"])
    assert open_store(url).head(table(url)[0]["key"]) is not None


def test_the_browser_shows_the_one_that_was_written(url: str):
    from tests.farm.browse.server.test_pages import Client, make_app  # noqa: PLC0415 - behind the skips

    finalized(url)
    store, row = open_store(url), table(url)[0]
    client = Client(make_app(store))
    assert client.get(f"/games/{row['game_id']}/sheet.jpg").body == store.get(row["key"])
    store.delete(row["key"])
    assert client.get(f"/games/{row['game_id']}/sheet.jpg").body[:3] == b"\xff\xd8\xff"
