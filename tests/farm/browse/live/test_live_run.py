"""The page of a run shows slots, their games and their marks, even before there is a snapshot."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from farm.browse.live.live_run import LOOK_SECONDS, LiveRuns, seconds_left
from farm.browse.server import app as app_module
from farm.browse.server.app import make_app
from manifests.errors import SchemaRefused
from manifests.ledger.dataset import open_or_create
from manifests.live.notes import FailureNote, GameNote, RunNote, SlotNote, put_note
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from tests.farm.browse.server.test_pages import Client
from tests.manifests.conftest import Samples
from tests.stepped_clock import SteppedClock

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

NOW = 1_000_000.0
A, B = Samples.game_id(1), Samples.game_id(2)
RUN = RunNote(
    "ab12", NOW - 1, NOW - 100, 3.0, {"committed": 2, "running": 2}, {}, 400, 1000, 12.0, 10.0,
    tuple(SlotNote(f"local/{k}", "local", "2 cores", game, NOW - 50) for k, game in enumerate((A, B))),
    (FailureNote(NOW - 9, A, "here", "overdue", ""), FailureNote(NOW - 5, B, "here", "worker_died", "")), (),
)  # fmt: skip
NOTE = GameNote(A, NOW - 2, 30, 200, 61.5, 0, 0, base64.b64encode(b"\xff\xd8picture").decode())


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "set")
    open_or_create(store, Samples.description)
    return store


@pytest.fixture
def runs(store: Store, clock: SteppedClock) -> LiveRuns:
    return LiveRuns(store, clock)


def only(runs: LiveRuns) -> dict[str, Any]:
    (run,) = runs.now()["runs"]
    return run


def test_slots_are_shown_with_what_their_games_look_like(store: Store, runs: LiveRuns):
    put_note(store, RUN)
    put_note(store, NOTE)
    put_note(store, dataclasses.replace(NOTE, game_id=B, dark_frames=500))
    first, second = only(runs)["slots"]
    assert (first["num_shown"], first["num_frames"], first["frames_per_second"]) == (30, 200, 61.5)
    assert (first["marks"], second["marks"]) == ([], ["black"])


def test_a_note_of_an_earlier_attempt_is_not_shown(store: Store, runs: LiveRuns):
    put_note(store, RUN)
    put_note(store, dataclasses.replace(NOTE, taken_at=NOW - 60, dark_frames=500))
    first = only(runs)["slots"][0]
    assert (first["taken_at"], first["marks"]) == (None, ["silent"])


def test_failures_come_newest_first(store: Store, runs: LiveRuns):
    put_note(store, RUN)
    assert [each["game_id"] for each in only(runs)["failures"]] == [B, A]


def test_a_run_that_is_not_heard_of_is_said_to_be_silent(store: Store, runs: LiveRuns, clock: SteppedClock):
    put_note(store, RUN)
    assert only(runs)["is_heard"]
    clock.now += 60
    assert (only(runs)["is_heard"], only(runs)["silent_seconds"]) == (False, 61.0)


def test_the_store_is_asked_only_now_and_then(store: Store, runs: LiveRuns, clock: SteppedClock):
    assert runs.now() == {"runs": []}
    put_note(store, RUN)
    clock.now += LOOK_SECONDS
    assert runs.now() == {"runs": []}
    clock.now += 0.1
    assert len(runs.now()["runs"]) == 1


def test_time_left_is_a_range_of_both_paces():
    assert seconds_left(RUN) == (50.0, 60.0)
    assert seconds_left(dataclasses.replace(RUN, frames_per_second=0.0)) == (60.0, 60.0)
    assert (
        seconds_left(dataclasses.replace(RUN, frames_per_second=0.0, frames_per_second_overall=0.0)) is None
    )


def test_before_a_snapshot_every_address_leads_to_the_run(store: Store):
    client = Client(make_app(store))
    for page in ("/", "/games", f"/games/{A}"):
        answer = client.get(page)
        assert (answer.status, answer.headers["location"]) == (307, "/run")
    assert b"No snapshot" in client.get("/run").body


def test_the_page_its_figures_and_its_pictures_are_given(store: Store):
    put_note(store, RUN)
    put_note(store, NOTE)
    client = Client(make_app(store))
    assert json.loads(client.get("/run.json").body)["runs"][0]["name"] == "ab12"
    assert "status" in json.loads(client.get("/progress.json").body)
    answer = client.get(f"/run/{A}.jpg")
    assert (answer.status, answer.headers["content-type"], answer.body) == (
        200,
        "image/jpeg",
        b"\xff\xd8picture",
    )
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", [B, "x", "..%2f..%2fdataset", "A" * 64])
def test_there_is_no_picture_of_what_is_not_rendered(store: Store, name: str):
    assert Client(make_app(store)).get(f"/run/{name}.jpg").status == 404


def test_what_is_no_dataset_is_refused(tmp_path: Path):
    with pytest.raises(SchemaRefused):
        make_app(open_store(tmp_path / "nothing"))


def test_frames_of_running_games_count_before_any_game_has_ended(store: Store, runs: LiveRuns):
    put_note(store, RUN)
    put_note(store, NOTE)
    assert (only(runs)["frames_shown"], only(runs)["slots_frames_per_second"]) == (430, 61.5)


def test_a_note_from_the_future_is_not_heard(store: Store, runs: LiveRuns):
    put_note(store, dataclasses.replace(RUN, written_at=NOW + 1e9))
    assert not only(runs)["is_heard"]


def test_what_is_no_note_of_ours_hides_no_other(store: Store, runs: LiveRuns, tmp_path: Path):
    slots = (SlotNote("local/0", "local", "2 cores", "../../etc/passwd", NOW - 50),)
    put_note(store, dataclasses.replace(RUN, name="odd", slots=slots))
    put_note(store, RUN)
    folder = tmp_path / "set" / "live" / "runs"
    (folder / "<script>.json").write_text("{}")
    (folder / "link.json").symlink_to("/etc/passwd")
    assert sorted(run["name"] for run in runs.now()["runs"]) == ["ab12", "odd"]


def test_all_pages_come_when_the_first_snapshot_does(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(app_module, "SNAPSHOT_SECONDS", 0.0)
    client = Client(make_app(store))
    assert client.get("/games").status == 307
    finalize(store)
    assert client.get("/games").status == 200
