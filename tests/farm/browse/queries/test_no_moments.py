"""A search for moments that finds none says why, and what could be found instead."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from farm.browse.queries.library import Library
from farm.browse.queries.moments import MomentQuery, find_moments
from farm.browse.queries.no_moments import why_none
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import done_game_ids, read_entries, withdraw, write_entry
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from tests.farm.browse.varied_games import NUM_GAMES, PAIRS, STAGES
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import build

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store


@pytest.fixture(scope="module")
def library(varied: Store) -> Library:
    return Library(varied)


def reasons(library: Library, **query: object) -> list[str]:
    asked = MomentQuery(**query)  # type: ignore[arg-type]
    return why_none(library, asked, find_moments(library, asked))


def test_a_search_that_finds_something_needs_no_reason(library: Library):
    assert reasons(library, kind="hit") == []


def test_an_event_that_no_game_has_is_named_with_those_that_there_are(library: Library):
    first, *there_is = reasons(library, kind="death")
    assert first == "No game has event death."
    events, stages, characters = there_is
    assert f"hit {2 * NUM_GAMES:,}" in events
    assert "death" not in events
    assert all(f"{stage} {NUM_GAMES // len(STAGES)}" in stages for stage in STAGES)
    with_fox = sum("FOX" in PAIRS[n % len(PAIRS)] for n in range(NUM_GAMES))
    assert f"FOX {with_fox}" in characters


def test_parts_that_no_game_has_together_are_each_counted(library: Library):
    # Pikachu is played in every fourth game, and every third game is in a split: both hold in one of 12.
    of_pikachu = {n for n in range(NUM_GAMES) if "PIKACHU" in PAIRS[n % len(PAIRS)]}
    pairs = [(stage, split) for stage in range(3) for split in range(3) if stage != split]
    stage, split = pairs[0]
    assert not {n for n in of_pikachu if n % 3 == stage and n % 3 == split}
    splits = ("train", "val", "test")
    first = reasons(library, kind="hit", stage=STAGES[stage], split=splits[split])[0]
    third = NUM_GAMES // 3
    assert first == (
        f"No game has all of these: stage {STAGES[stage]} ({third} games); split {splits[split]} "
        f"({third} games); event hit ({NUM_GAMES} games)."
    )


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"kind": "hit", "condition": "value > 1e9"}, "an event hit that meets the condition on events"),
        (
            {"kind": "hit", "near_kind": "ledge", "near_frames": 1},
            "an event hit within 1 frame of an event ledge",
        ),
        ({"kind": "hit", "near_kind": "ledge"}, "an event hit within 5 frames of an event ledge"),
    ],
)
def test_games_that_fit_are_counted_with_what_they_lack(
    library: Library, query: dict[str, object], wanted: str
):
    assert reasons(library, **query)[0] == f"{NUM_GAMES} games fit, and none has {wanted}."


@pytest.mark.slow
def test_a_state_that_no_frame_has_is_said(sound_store: Store):
    library = Library(sound_store)
    first = reasons(library, state='"p0.percent" > 900')[0]
    assert (
        first
        == f"{len(library.game_ids)} games fit, and none has a frame that meets the condition on the state."
    )


def test_a_search_that_ran_out_of_time_says_how_far_it_came(library: Library):
    asked = MomentQuery(kind="hit")
    first = why_none(library, asked, find_moments(library, asked, seconds=0))[0]
    assert first == f"0 of {NUM_GAMES} games that fit were looked into in time."


def test_a_dataset_without_games_says_so(tmp_path: Path):
    store = open_store(tmp_path)
    open_or_create(store, Samples().description)
    finalize(store)
    assert reasons(Library(store), kind="hit") == ["The dataset has no committed games."]


@pytest.mark.slow
def test_games_whose_events_were_not_noted_are_counted(tmp_path: Path):
    store = build(tmp_path / "set", tmp_path / "scratch")
    committed = [entry for entry in read_entries(store, done_game_ids(store)) if entry.chunks]
    for entry in committed:
        withdraw(store, entry.game_id, force=True)
        write_entry(store, dataclasses.replace(entry, events=None))
    finalize(store, from_scratch=True)
    num = len(committed)
    assert f"Of {num} of {num} games no events were noted" in reasons(Library(store), kind="hit")[-1]
