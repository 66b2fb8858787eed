"""A dataset's description is written once, and games of other settings are never mixed into it."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from manifests.errors import RecordRefused, SchemaRefused
from manifests.ledger.dataset import open_or_create, read_description
from manifests.store.contract import Store
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_a_new_place_becomes_a_dataset(store: Store, samples: Any):
    assert open_or_create(store, samples.description) == samples.description
    assert read_description(store) == samples.description
    assert open_or_create(store, samples.description) == samples.description


def test_it_says_what_the_design_asks_for(store: Store, samples: Any):
    open_or_create(store, samples.description)
    plain = json.loads(store.get("dataset.json"))
    assert (plain["format"], plain["schema_version"]) == ("dolphin-farm", 1)
    assert (plain["fps"], plain["true_fps_numerator"], plain["true_fps_denominator"]) == (60, 60000, 1001)
    assert plain["stamp"] == {"left": 0, "top": 464, "width": 640, "height": 16}
    assert "never by time" in plain["timing_rule"]
    assert plain["video"]["colour_matrix"] == "smpte170m"


def test_many_workers_may_begin_it_at_once(store: Store, samples: Any):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_or_create(store, samples.description), range(16)))
    assert set(map(repr, found)) == {repr(samples.description)}


def test_another_emulator_version_may_go_on(store: Store, samples: Any):
    open_or_create(store, samples.description)
    newer = dataclasses.replace(samples.description, fingerprints={"emulator": "6.0"})
    assert open_or_create(store, newer).fingerprints == {"emulator": "5.0"}


def test_another_setting_is_refused_by_name(store: Store, samples: Any):
    open_or_create(store, samples.description)
    for change, said in [
        ({"emulator": "slippi"}, "emulator = standin, this run has slippi"),
        ({"frames_per_chunk": 60}, "frames_per_chunk = 90, this run has 60"),
        ({"stamp": None}, "this run has None"),
    ]:
        with pytest.raises(SchemaRefused, match=said):
            open_or_create(store, dataclasses.replace(samples.description, **change))


def test_of_a_record_only_the_values_that_differ_are_named(store: Store, samples: Any):
    open_or_create(store, samples.description)
    video = dataclasses.replace(samples.description.video, width=1284, height=720)
    with pytest.raises(SchemaRefused) as caught:
        open_or_create(store, dataclasses.replace(samples.description, video=video))
    old = samples.description.video
    assert str(caught.value) == (
        f"{store.url}: made with video.width = {old.width}, this run has 1284; video.height = {old.height}, "
        "this run has 720; run with the dataset's own settings, or give another output (--out)"
    )


def test_states_alone_do_not_go_into_a_dataset_with_pictures(store: Store, samples: Any):
    open_or_create(store, samples.description)
    alone = dataclasses.replace(samples.description, video=None, stamp=None)
    with pytest.raises(SchemaRefused, match="holds states and pictures, and this run makes states alone"):
        open_or_create(store, alone)


def test_another_schema_is_refused(store: Store, samples: Any):
    plain = json.loads(samples.description.to_json())
    for change in ({"schema_version": 2}, {"format": "lerobot"}):
        store.put("dataset.json", json.dumps({**plain, **change, "content_sha256": None}).encode())
        with pytest.raises(SchemaRefused, match=r"dataset\.json: a .* give another output"):
            open_or_create(store, samples.description)


@pytest.mark.parametrize(
    "change",
    [
        {"fps": 30}, {"timing_rule": "by time"}, {"state_schema": "2"}, {"splits": None},
        {"schema_version": 2},
        {"content_sha256": "0" * 64},  {"content_sha256": 1},
        *({"video": {"crf": 30.0}}, {"video": {"colour_range": "pc"}}),
    ],
)  # fmt: skip
def test_a_description_that_was_changed_is_refused(store: Store, samples: Any, change: dict[str, Any]):
    plain = json.loads(samples.description.to_json())
    for name, value in change.items():
        plain[name] = {**plain[name], **value} if isinstance(value, dict) else value
    if "splits" in change:
        plain["splits"] = {"by": "player", "val": 0.1, "test": 0.1, "hold_out": []}
    store.put("dataset.json", json.dumps(plain).encode())
    with pytest.raises(RecordRefused, match=r"dataset\.json: content_sha256 does not fit.*put it back"):
        read_description(store)


def test_a_broken_description_is_refused(store: Store, samples: Any):
    for data in (b"", samples.description.to_json()[:-20]):
        store.put("dataset.json", data)
        with pytest.raises(RecordRefused, match=r"dataset\.json: not JSON"):
            open_or_create(store, samples.description)


def test_a_folder_of_something_else_is_refused_and_left_alone(store: Store, samples: Any):
    store.put("holiday/photo.jpg", b"x")
    with pytest.raises(SchemaRefused, match=r"holds holiday/photo\.jpg but no dataset\.json"):
        open_or_create(store, samples.description)
    assert [info.key for info in store.list()] == ["holiday/photo.jpg"]


def test_reading_where_there_is_no_dataset_fails(store: Store):
    with pytest.raises(SchemaRefused, match="no dataset of this program"):
        read_description(store)


def test_chunks_are_whole_gops(samples: Any):
    with pytest.raises(ValueError, match="multiple of the GOP"):
        dataclasses.replace(samples.description, frames_per_chunk=100)


def test_a_description_from_before_the_stamp_named_a_state_is_read(store: Store, samples: Any):
    open_or_create(store, samples.description)
    plain = json.loads(store.get("dataset.json"))
    for name in ("stamp_seed_column", "picture_delay_frames", "content_sha256"):
        del plain[name]
    store.put("dataset.json", json.dumps(plain).encode())
    found = read_description(store)
    assert (found.stamp_seed_column, found.picture_delay_frames) == (None, 0)
