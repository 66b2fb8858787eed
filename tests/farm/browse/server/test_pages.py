"""The browser's server answers ordinary requests and refuses harmful ones; the tests call it by ASGI."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from farm.browse.server.app import make_app
from farm.browse.states.timeline import stretches
from farm.cli import farm
from manifests.ledger.entry import Status, done_game_ids, read_entries, read_entry, write_entry
from manifests.snapshot.finalize import finalize
from manifests.state.file import read_states
from manifests.store.contract import ObjectMissing
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import build
from workers.replay.stage_geometry import STAGES

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

HOSTILE = "<script>alert(1)</script>\x1b[31m\x07\u202e" + "x" * 10_000


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Client:
    """Sends requests to an ASGI application as a web server would."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, target: str, method: str = "GET", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        found: list[Any] = []
        headers = {"host": "127.0.0.1:8765", **headers}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("127.0.0.1", 8765), "client": ("127.0.0.1", 5),
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            found.append(message)

        asyncio.run(self._app(scope, receive, send))
        start = found[0]
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], named, b"".join(part.get("body", b"") for part in found[1:]))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("browse")
    store = build(root / "set", root / "scratch")
    write_entry(store, dataclasses.replace(Samples().set_aside(78), detail=HOSTILE))
    finalize(store)
    return store


@pytest.fixture(scope="module")
def client(store: Store) -> Client:
    return Client(make_app(store))


@pytest.fixture(scope="module")
def game_id(store: Store) -> str:
    entries = read_entries(store, done_game_ids(store))
    return next(entry.game_id for entry in entries if entry.status is Status.COMMITTED)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/", "/games", "/charts", "/rejects", "/schema", "/games/{game_id}"])
def test_a_page_is_given(client: Client, game_id: str, page: str):
    answer = client.get(page.format(game_id=game_id))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.slow
def test_the_run_is_told_as_it_stands_now(client: Client):
    found = json.loads(client.get("/progress.json").body)
    assert (found["status"]["num_committed"], found["status"]["num_set_aside"]) == (3, 2)
    assert sum(found["throughput"]["games"]) == 5
    assert {each["reason"] for each in found["status"]["newest_set_aside"]} == {"misaligned"}
    assert HOSTILE in {each["detail"] for each in found["status"]["newest_set_aside"]}
    assert found["cost"] is None  # these games do not say how long they took


@pytest.mark.slow
def test_any_column_can_be_asked_for(client: Client, store: Store, game_id: str):
    page = json.loads(client.get(f"/games/{game_id}.json").body)
    assert {"p1.vx_attack", "fod_left"} <= set(page["columns"])
    found = json.loads(client.get(f"/games/{game_id}/chunk-1/p1.vx_attack.json").body)
    key = read_entry(store, game_id).chunks[1].states.key
    state = read_states(store.get(key))
    assert found == pytest.approx(state.values("p1.vx_attack").astype(float).tolist(), abs=1e-4)
    assert client.get(f"/games/{game_id}/chunk-1/p1.nothing.json").status == 404
    assert client.get(f"/games/{game_id}/chunk-9/p1.x.json").status == 404


@pytest.mark.slow
def test_the_map_has_the_stage_that_was_played(client: Client, store: Store, game_id: str):
    pytest.importorskip("melee", reason="the extra `render` is not installed")
    stage = json.loads(client.get(f"/games/{game_id}/chunk-0.json").body)["stage"]
    known = STAGES[read_states(store.get(read_entry(store, game_id).chunks[0].states.key)).stage]
    assert stage["blast"] == [known.left, known.right, known.bottom, known.top]
    assert len(stage["surfaces"]) == len(known.surfaces)


def test_curves_are_measured_once(client: Client, game_id: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("cv2", reason="the extra `render` is not installed")
    found = json.loads(client.get(f"/games/{game_id}/evidence-0.json").body)
    assert len(found["lags"]) == len(found["correlation"])
    assert found["lags"][0] == -found["lags"][-1]
    monkeypatch.setattr("farm.browse.states.chunk_motion.motion_of", None)
    assert json.loads(client.get(f"/games/{game_id}/evidence-0.json").body) == found


def test_curves_that_cannot_be_measured_are_refused_in_words(
    client: Client, game_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("farm.browse.states.curves.MOST_FRAMES", 10)
    answer = client.get(f"/games/{game_id}/evidence-2.json")
    assert answer.status == 501
    assert "not measured on request" in json.loads(answer.body)["error"]


def test_rollbacks_are_where_the_states_have_them(client: Client, store: Store, game_id: str):
    found = json.loads(client.get(f"/games/{game_id}/timeline.json").body)
    states = [read_states(store.get(chunk.states.key)) for chunk in read_entry(store, game_id).chunks]
    expected = {
        int(frame) for state in states for frame in state.values("slp_frame")[state.values("n_written") > 1]
    }
    told = {first + k for first, length, _ in found["rolled_back"] for k in range(length)}
    assert told == expected


@given(st.lists(st.integers(1, 4), min_size=1, max_size=60))
def test_stretches_are_the_runs_above_one(written: list[int]):
    frames = np.arange(-123, -123 + len(written))
    found = stretches(np.array(written), frames)
    rebuilt = np.ones(len(written), int)
    for first, length, most in found:
        place = slice(first + 123, first + 123 + length)
        assert max(written[place]) == most
        rebuilt[place] = written[place]
    assert rebuilt.tolist() == written
    assert all(first + length < after for (first, length, _), (after, _, _) in itertools.pairwise(found))


def test_filters_are_in_the_address(client: Client):
    everything = json.loads(client.get("/games.json").body)
    stage = everything["games"][0]["stage_name"]
    some = json.loads(client.get(f"/games.json?stage={stage}").body)
    assert some["num_games"] == sum(game["stage_name"] == stage for game in everything["games"])
    assert json.loads(client.get("/games.json?stage=NOWHERE").body)["num_games"] == 0


def test_length_and_day_are_filters(client: Client):
    (game, *_) = json.loads(client.get("/games.json").body)["games"]
    frames, day = game["num_frames"], game["start_at"][:10]

    def number(query: str) -> int:
        return int(json.loads(client.get(f"/games.json?{query}").body)["num_games"])

    assert number(f"min_frames={frames}&max_frames={frames}&since={day}&until={day}") == 3
    assert number(f"min_frames={frames + 1}") == number(f"max_frames={frames - 1}") == 0
    assert number("since=2999-01-01") == number("until=1999-12-31") == 0


def test_a_range_of_a_video_is_its_bytes(client: Client, store: Store, game_id: str):
    key = json.loads(client.get(f"/games/{game_id}.json").body)["chunks"][0]["video"]
    answer = client.get(f"/files/{key}", range="bytes=10-29")
    assert (answer.status, answer.body) == (206, store.get(key)[10:30])


@pytest.mark.slow
def test_stills_are_jpegs(client: Client, game_id: str):
    for what in ("thumbnail", "sheet"):
        answer = client.get(f"/games/{game_id}/{what}.jpg")
        assert (answer.status, answer.body[:3]) == (200, b"\xff\xd8\xff")


@pytest.mark.parametrize(
    "target",
    [
        "/files/../dataset.json", "/files/dataset.json", "/files/ledger/x.json", "/files//etc/passwd",
        "/files/videos/observation.images.game/chunk-000/../../../dataset.json",
        "/static/../app.py", "/static/%2e%2e/app.py", "/games/../../etc/passwd", "/games/zz",
        "/games/" + "0" * 64,
    ],
)  # fmt: skip
def test_nothing_else_can_be_read(client: Client, target: str):
    answer = client.get(target, range="bytes=0-99")
    assert answer.status == 404
    assert b"schema_version" not in answer.body


@pytest.mark.parametrize("target", ["/games/{}/chunk-{}.json", "/games/{}/evidence-{}.json"])
@pytest.mark.parametrize("number", [10**20, int("9" * 1500)])
def test_a_chunk_that_no_game_has_fails(client: Client, game_id: str, target: str, number: int):
    assert client.get(target.format(game_id, number)).status == 404


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes=5-1",
        f"bytes=0-{10**30}",
        f"bytes={10**30}-{10**30}",
        "bytes=0-999999999999",
        "bytes=-5",
        "lines=1-2",
    ],
)
def test_a_range_that_is_none_fails(client: Client, game_id: str, asked: str):
    key = json.loads(client.get(f"/games/{game_id}.json").body)["chunks"][0]["video"]
    assert client.get(f"/files/{key}", range=asked).status == 416


@pytest.mark.parametrize(
    "query",
    [
        f"page={10**20}",
        f"min_frames={10**30}",
        "page=" + "9" * 5000,
        "sort=players;drop",
        "page=-1",
        "page=x",
        "sort=" + "x" * 10_000,
        "since=yesterday",
        "min_frames=many",
    ],
)
def test_a_filter_that_is_none_fails(client: Client, query: str):
    assert client.get(f"/games?{query}").status == 400


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE games; --", "<script>alert(1)</script>", "%00", "x" * 10_000]
)
def test_a_hostile_filter_is_text(client: Client, text: str):
    from urllib.parse import quote  # noqa: PLC0415

    answer = client.get(f"/games?text={quote(text)}")
    assert answer.status == 200
    assert b"<script>alert" not in answer.body
    assert json.loads(client.get("/games.json").body)["num_games"] == 3


def test_hostile_words_in_the_data_are_text(client: Client):
    page = client.get("/rejects").body
    assert b"&lt;script&gt;" in page
    assert b"<script>alert" not in page


@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"host": "127.0.0.1.evil.example:8765"}, {"origin": "http://evil.example"},
     {"origin": "null"}],
)  # fmt: skip
def test_other_sites_get_nothing(client: Client, headers: dict[str, str]):
    assert client.get("/games.json", **headers).status == 403


def test_nothing_can_be_written(client: Client):
    for method in ("POST", "PUT", "DELETE"):
        assert client.get("/games.json", method).status == 403


def test_a_store_that_gives_nonsense_is_told_in_words(
    client: Client, store: Store, game_id: str, monkeypatch: pytest.MonkeyPatch
):
    def nonsense(key: str) -> bytes:
        if key.startswith("ledger/"):
            return b"\xff\x00 nonsense"
        raise ObjectMissing(key)

    monkeypatch.setattr(store, "get", nonsense)
    answer = client.get(f"/games/{game_id}")
    assert answer.status == 502
    assert b"the dataset&#39;s store cannot give this" in answer.body


class TestGames:
    def call(self, store: Store, *arguments: str) -> Any:
        return CliRunner().invoke(farm, ["games", store.url, *arguments])

    def test_rows_are_those_of_the_condition(self, store: Store):
        lines = self.call(store, "--where", "num_frames = 200", "--json").stdout.splitlines()
        assert len(lines) == 3
        assert {json.loads(line)["num_frames"] for line in lines} == {200}
        assert self.call(store, "--where", "num_frames < 0", "--csv").stdout.count("\n") == 1

    def test_a_condition_that_is_none_fails(self, store: Store):
        result = self.call(store, "--where", "no such")
        assert result.exit_code == 2
        assert "--where 'no such'" in result.output

    def test_a_condition_reaches_nothing_outside(self, store: Store, tmp_path: Path):
        (tmp_path / "secret.csv").write_text("a\n1\n")
        reach = f"(SELECT count(*) FROM read_csv('{tmp_path}/secret.csv')) > 0"  # noqa: S608
        assert self.call(store, "--where", reach).exit_code == 2


@pytest.mark.slow
def test_moments_are_shown_with_what_leads_to_them(client: Client, game_id: str):
    page = client.get("/moments?kind=hit&character=FOX")
    assert page.status == 200
    found = json.loads(client.get("/moments.json?kind=hit&character=FOX").body)
    assert found["num_games"] == 3
    assert {each["character"] for each in found["moments"]} == {"FOX"}
    one = found["moments"][0]
    link = f'href="/games/{one["game_id"]}#{one["slp_frame"]}"'
    assert link in page.body.decode()
    moving = client.get(f"/games/{one['game_id']}/moment-{one['slp_frame']}.webp")
    assert (moving.status, moving.headers["content-type"]) == (200, "image/webp")
    assert client.get(f"/games/{game_id}/still-0.webp").status == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/moments", 200),
        ("/moments?kind=nix", 400),
        ("/moments?limit=10000000000", 400),
        ("/moments?within=x", 400),
        ("/moments?where=1)%3BDROP%20TABLE%20games%3B--", 400),
        ("/games/{game_id}/moment-999999.webp", 404),
        ("/games/{game_id}/moment-1e3.webp", 404),
    ],
)
def test_a_wrong_address_of_a_moment_is_told(client: Client, game_id: str, address: str, status: int):
    assert client.get(address.format(game_id=game_id)).status == status
    assert client.get("/games").status == 200


@pytest.mark.parametrize("page", ["/games/{}", "/games/{}.json", "/compare/{}", "/compare/{}.json"])
def test_the_first_digits_of_a_game_id_lead_to_its_page(store: Store, game_id: str, page: str):
    client = Client(make_app(store, other=store))
    answer = client.get(page.format(game_id[:12]))
    assert (answer.status, answer.headers["location"]) == (307, page.format(game_id))
    assert client.get(page.format(game_id)).status == 200


def test_digits_that_name_no_game_are_told_how_many_they_name(client: Client):
    assert b"no game_id of 3 begins with" in client.get("/games/zz").body


@pytest.mark.parametrize(
    ("address", "kept", "wrong"),
    [
        ("/games?stage=BATTLEFIELD&since=yesterday", 'value="yesterday"', "a day is written as"),
        ("/games?text=12&min_frames=many", 'value="12"', "min_frames is a whole number"),
        ("/moments?kind=hit&limit=9999", 'value="9999"', "a limit is 1 to 1000"),
        ("/moments?state=(", 'value="("', "condition on the state"),
        ("/window?fields=video,secrets&window=4", 'value="video,secrets"', "fields are video"),
        ("/window?at=nobody:1", 'value="nobody:1"', "no window"),
    ],
)
def test_a_form_that_is_refused_is_shown_as_it_was_filled_in(
    client: Client, address: str, kept: str, wrong: str
):
    answer = client.get(address)
    page = answer.body.decode()
    assert answer.status == 400
    assert kept in page
    assert wrong in page.partition('role="alert">')[2].partition("<")[0]
    path, _, query = address.partition("?")
    for_programs = client.get(f"{path}.json?{query}")
    assert for_programs.status == 400
    assert wrong in json.loads(for_programs.body)["error"]


def test_a_window_that_begins_before_the_frame_asked_for_says_so(client: Client, game_id: str):
    moved = client.get(f"/window?window=4&at={game_id[:12]}:-110").body.decode()
    assert "It begins at frame -123, and not at frame -110" in moved
    assert (
        "It begins at frame"
        not in client.get(f"/window?window=4&start=any&at={game_id[:12]}:-110").body.decode()
    )


def test_a_window_is_shown_with_its_line_and_its_pictures(client: Client):
    page = client.get("/window?window=4&actions=every&frame_step=2&size=240x320")
    assert page.status == 200
    assert "open_dataset(" in page.body.decode()
    found = json.loads(client.get("/window.json?window=4&frame_step=2").body)
    assert [step["slp_frame"] for step in found["steps"]] == [-123, -121, -119, -117]
    for picture in ("window-3", "window-loop"):
        answer = client.get(f"/{picture}.webp?window=4&frame_step=2")
        assert (answer.status, answer.headers["content-type"]) == (200, "image/webp")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/window?window=1000", 400),
        ("/window?at=nobody:1", 400),
        ("/window?split=%3Cscript%3E", 400),
        ("/window-9.webp?window=4", 404),
        ("/window-loop.webp?fields=state", 404),
    ],
)
def test_a_wrong_address_of_a_window_is_told(client: Client, address: str, status: int):
    assert client.get(address).status == status


@pytest.mark.slow
def test_a_range_of_a_game_can_be_downloaded(client: Client, game_id: str):
    answer = client.get(f"/games/{game_id}/clip_-60_-30.mp4?over=state,events,boxes")
    assert (answer.status, answer.headers["content-type"]) == (200, "video/mp4")
    assert answer.headers["content-disposition"].endswith('clip_-60_-30.mp4"')
    assert json.loads(client.get(f"/games/{game_id}/boxes.json").body)["fighters"] == {}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("clip_0_0.mp4", 400),
        ("clip_0_99999.gif", 400),
        ("clip_99999_100000.webp", 400),
        ("clip_0_5.mp4?over=<script>", 400),
        ("clip_0_5.avi", 404),
        ("clip_1e3_5.mp4", 404),
        ("clip_..%2F_5.mp4", 404),
    ],
)
def test_a_clip_that_is_none_fails(client: Client, game_id: str, name: str, status: int):
    assert client.get(f"/games/{game_id}/{name}").status == status
    assert client.get(f"/games/{game_id}/clip_0_5.mp4", origin="http://evil.example").status == 403
