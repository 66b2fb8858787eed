"""The game's page gets the places of its pictures, and states as numbers that JSON can hold."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from farm.browse.game import pairs
from farm.browse.game.pairs import column_of, describe_game, game_page, state_of
from farm.browse.queries.library import Library
from manifests.state.file import read_states, states_bytes
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import one_state
from workers.replay import stage_geometry

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.state.table import StateTable
    from manifests.store.contract import Store


class OneStatesFile:
    """A store that has one states file under every key."""

    def __init__(self, state: StateTable) -> None:
        self._data = states_bytes(state)

    def get(self, _key: str) -> bytes:
        return self._data


def with_column(name: str, values: list[Any], mask: list[bool] | None = None) -> OneStatesFile:
    """A store with the first frames of a recorded game, in which one column has these values."""
    state = one_state().slice(0, len(values))
    column = np.array(values, state.values(name).dtype)
    masks = dict(state.masks)
    if mask is not None:
        masks[name] = np.array(mask)
    return OneStatesFile(dataclasses.replace(state, columns={**state.columns, name: column}, masks=masks))


@pytest.mark.slow
def test_a_committed_game_is_described_as_its_ledger_entry_has_it(sound_store: Store, committed: LedgerEntry):
    found = describe_game(sound_store, committed.game_id)
    assert found is not None
    assert found["game_id"] == committed.game_id
    assert [chunk["video"] for chunk in found["chunks"]] == [chunk.video.key for chunk in committed.chunks]
    assert [chunk["slp_frame_start"] for chunk in found["chunks"]] == [-123, -33, 57]
    assert [item["name"] for item in found["evidence"]] == [item.name for item in committed.evidence]


def test_key_frames_are_where_the_video_has_them(sound_store: Store, committed: LedgerEntry):
    found = describe_game(sound_store, committed.game_id)
    assert found is not None
    for told, chunk in zip(found["chunks"], committed.chunks, strict=True):
        gops = told["gops"]
        assert sum(gops["num_pictures"]) == told["num_frames"] == chunk.num_frames
        video = sound_store.get(told["video"])
        assert gops["byte_offset"][-1] + gops["byte_size"][-1] <= len(video)
        assert base64.b64decode(told["avcc"])[0] == 1  # the version of every AVCDecoderConfigurationRecord


def test_a_game_that_was_set_aside_or_never_was_has_no_description(sound_store: Store):
    assert describe_game(sound_store, Samples().set_aside(77).game_id) is None
    assert describe_game(sound_store, "0" * 64) is None


def test_a_games_page_is_json_and_names_every_column(sound_store: Store, committed: LedgerEntry):
    page = game_page(Library(sound_store), committed.game_id)
    assert page is not None
    assert json.loads(json.dumps(page, allow_nan=False))["game_id"] == committed.game_id
    assert {"p0.x", "p1.percent", "slp_frame"} <= set(page["columns"])


def test_a_game_that_is_not_in_the_snapshot_has_no_page(sound_store: Store):
    assert game_page(Library(sound_store), "0" * 64) is None


def test_a_chunks_state_is_that_of_its_file(sound_store: Store, committed: LedgerEntry):
    found = state_of(sound_store, 1, committed)
    state = read_states(sound_store.get(committed.chunks[1].states.key))
    assert found["slp_frame"] == state.values("slp_frame").tolist() == list(range(-33, 57))
    for place, player in enumerate(found["players"]):
        assert player["stocks"] == state.values(f"p{place}.stocks").tolist()
        assert player["x"] == pytest.approx(state.values(f"p{place}.x").tolist(), abs=1e-4)


def test_every_action_that_occurs_has_its_name_and_no_other(sound_store: Store, committed: LedgerEntry):
    pytest.importorskip("melee", reason="the extra `render` is not installed")
    found = state_of(sound_store, 0, committed)
    seen = {action for player in found["players"] for action in player["action"]}
    assert set(found["actions"]) == seen


@pytest.mark.parametrize("number", [3, 99])
def test_a_chunk_that_there_is_not_fails(sound_store: Store, committed: LedgerEntry, number: int):
    with pytest.raises(IndexError):
        state_of(sound_store, number, committed)
    with pytest.raises(IndexError):
        column_of(sound_store, number, committed, "p0.x")


def test_a_column_that_there_is_not_fails(sound_store: Store, committed: LedgerEntry):
    with pytest.raises(KeyError, match=r"p0\.nothing"):
        column_of(sound_store, 0, committed, "p0.nothing")


def test_what_the_replay_did_not_record_is_null_and_not_zero(committed: LedgerEntry):
    store = with_column("p0.percent", [5.0, 0.0, 7.0], [True, False, True])
    assert column_of(store, 0, committed, "p0.percent") == [5.0, None, 7.0]  # type: ignore[arg-type]


def test_what_json_cannot_carry_is_null(committed: LedgerEntry):
    store = with_column("p0.x", [float("nan"), float("inf"), 1.5])
    assert column_of(store, 0, committed, "p0.x") == [None, None, 1.5]  # type: ignore[arg-type]


def test_numbers_are_rounded_to_what_a_page_shows(committed: LedgerEntry):
    store = with_column("p0.x", [1 / 3, -2 / 3])
    assert column_of(store, 0, committed, "p0.x") == [0.3333, -0.6667]  # type: ignore[arg-type]


def test_counts_stay_whole_numbers(committed: LedgerEntry):
    found = column_of(with_column("p0.stocks", [4, 3]), 0, committed, "p0.stocks")  # type: ignore[arg-type]
    assert (found, {type(value) for value in found}) == ([4, 3], {int})


@pytest.mark.parametrize("stage_id", stage_geometry.STAGES)
def test_every_stage_has_ground_within_its_blast_zone(stage_id: int):
    shape = pairs._stage_shape(stage_id)
    left, right, bottom, top = shape["blast"]
    assert shape["surfaces"]
    for start, y_start, end, y_end in shape["surfaces"]:
        assert left < start < end < right
        assert bottom < min(y_start, y_end) <= max(y_start, y_end) < top
    assert bool(shape["fountain"]) == (stage_id == stage_geometry.FOUNTAIN)


def test_a_stage_that_is_none_of_ours_has_fighters_only():
    assert pairs._stage_shape(999) == {"surfaces": [], "blast": None, "fountain": [], "randall_width": 0}
