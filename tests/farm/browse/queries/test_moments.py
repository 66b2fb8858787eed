"""Moments are exactly the events and frames that pass the filter; typed SQL can only choose among them."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from farm.browse.pictures.frames import NoSuchFrame
from farm.browse.pictures.moving import moving_picture
from farm.browse.queries.library import Library
from farm.browse.queries.moment_filters import NO_MOMENT_FILTERS, moment_query
from farm.browse.queries.moments import Moment, MomentQuery, find_moments
from farm.browse.queries.state_moments import run_starts
from farm.browse.queries.typed_sql import ConditionRefused, ask, closed_database
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.contract import ObjectMissing
from manifests.video.stamp import read_stamps
from tests.farm.browse.varied_games import NUM_GAMES, PAIRS, STAGES
from tests.manifests.small_dataset import build, one_state

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store


@pytest.fixture(scope="module")
def library(varied: Store) -> Library:
    return Library(varied)


@pytest.fixture(scope="module")
def sound_library(sound_store: Store) -> Library:
    return Library(sound_store)


def found(library: Library, **query: object) -> list[Moment]:
    return list(find_moments(library, MomentQuery(**query)).moments)  # type: ignore[arg-type]


def test_every_event_of_a_kind_is_found_in_order(library):
    hits = found(library, kind="hit", limit=1000)
    assert len(hits) == 2 * NUM_GAMES
    assert [(each.game_id, each.slp_frame) for each in hits] == sorted((h.game_id, h.slp_frame) for h in hits)
    assert {each.slp_frame for each in hits} == {-80, -75}


def test_a_character_is_the_one_to_whom_it_happens(library):
    hits = found(library, kind="hit", character="FOX", stage="BATTLEFIELD", limit=1000)
    pairs = [PAIRS[n % len(PAIRS)] for n in range(NUM_GAMES) if STAGES[n % len(STAGES)] == "BATTLEFIELD"]
    # The first hit is to player 0 by 1, the second to player 1 (its follower) by 0; see the samples.
    assert len(hits) == sum((pair[0] == "FOX") + (pair[1] == "FOX") for pair in pairs)
    assert {each.character for each in hits} == {"FOX"}
    assert {each.stage_name for each in hits} == {"BATTLEFIELD"}


def test_a_condition_chooses_by_what_a_moment_has(library):
    strong = found(library, condition="value > 5 AND other_character = 'FOX'", limit=1000)
    assert strong
    assert {each.kind for each in strong} == {"hit"}
    assert all(each.value == 12 and each.other_character == "FOX" for each in strong)


@pytest.mark.parametrize("within", ["--5", "5-", "\N{SUPERSCRIPT TWO}", "1.5", "ten"])
def test_a_distance_that_is_no_whole_number_is_refused_by_its_name(within: str):
    with pytest.raises(ValueError, match="within is a whole number, got"):
        moment_query({**NO_MOMENT_FILTERS, "kind": "hit", "within": within})


def test_a_limit_ends_the_search(library):
    search = find_moments(library, MomentQuery(kind="ledge", limit=3))
    assert len(search.moments) == 3
    assert search.num_games == NUM_GAMES


def test_moments_near_an_event_are_within_so_many_frames_of_it(library):
    assert len(found(library, kind="hit", near_kind="ledge", near_frames=10, limit=1000)) == NUM_GAMES
    assert len(found(library, kind="hit", near_kind="ledge", near_frames=15, limit=1000)) == 2 * NUM_GAMES
    assert found(library, kind="hit", near_kind="ledge", near_frames=9) == []


def test_a_search_that_has_no_time_says_how_far_it_came(library):
    search = find_moments(library, MomentQuery(kind="hit"), seconds=0)
    assert (search.moments, search.num_looked, search.num_games) == ((), 0, NUM_GAMES)


@pytest.mark.slow
def test_a_state_condition_gives_the_first_frame_of_each_run(sound_library):
    state = one_state()
    holds = state.values("p0.x") > state.values("p1.x")
    due = state.values("slp_frame")[holds & ~np.concatenate([[False], holds[:-1]])]
    moments = found(sound_library, state='"p0.x" > "p1.x"', limit=1000)
    first_game = [each.slp_frame for each in moments if each.game_id == moments[0].game_id]
    assert first_game == due.tolist()


@pytest.mark.slow
def test_me_is_the_player_with_the_character(sound_library):
    # In the samples FOX is player 0 and MARTH player 1.
    fox = found(sound_library, state='"me.x" > 10', character="FOX", limit=1000)
    marth = found(sound_library, state='"me.x" > 10', character="MARTH", limit=1000)
    assert fox == found(sound_library, state='"p0.x" > 10', limit=1000)
    assert marth == found(sound_library, state='"p1.x" > 10', limit=1000)


@pytest.mark.parametrize(
    "query",
    [
        {"condition": "nothing > 1"},
        {"condition": "true); DROP TABLE games; SELECT (1"},
        {"condition": "kind IN (SELECT content FROM read_text('/etc/passwd'))"},
        {"state": '"p9.x" > 0'},
        {"state": "true; SELECT 1"},
        {"state": "true UNION SELECT 999999"},
        {"state": "\"p0.action\" = action('NOPE')"},
        {"condition": "false) UNION ALL SELECT 'x', 1, 'y', 0, false, 0, 1.0, 's', 't', 3, 'A', 'B' --"},
        {"condition": "true LIMIT 1"},
        {"condition": "kind, value"},
        {"character": "fox"},
        {"stage": "NOWHERE"},
        {"split": "trian"},
    ],
)
def test_typed_sql_that_does_anything_else_is_refused(sound_library, query):
    with pytest.raises(ConditionRefused):
        found(sound_library, **query)
    assert found(sound_library, kind="hit")  # the tables are still there


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"state": "("}, r'the condition on the state: .*such as "p0.combo_count" >= 4'),
        ({"state": '"p9.x" > 0'}, "the condition on the state: .*p9.x"),
        ({"condition": "("}, "the condition on events: .*such as value >= 20"),
        ({"condition": "nothing > 1"}, "the condition on events: .*nothing"),
    ],
)
def test_a_condition_is_refused_by_its_name_with_an_example_of_its_kind(
    sound_library: Library, query: dict[str, str], said: str
):
    with pytest.raises(ConditionRefused, match=said):
        found(sound_library, **query)


def test_a_condition_on_the_state_is_checked_where_no_game_fits(sound_library: Library):
    with pytest.raises(ConditionRefused, match="the condition on the state"):
        found(sound_library, state="(", near_kind="shield_break")


@pytest.fixture
def small(tmp_path: Path) -> Store:
    return build(tmp_path / "set", tmp_path / "scratch")


@pytest.mark.slow
def test_a_table_of_events_that_is_gone_is_told_with_what_makes_it_anew(small: Store):
    key = open_manifest(small).snapshot.tables["events"].object.key
    library = Library(small)
    small.delete(key)
    with pytest.raises(ObjectMissing, match=rf"{key} is gone.*farm finalize --from-scratch {small.url}$"):
        found(library, kind="hit")
    finalize(small, from_scratch=True)
    assert found(Library(small), kind="hit")


@pytest.mark.slow
def test_a_snapshot_from_before_events_is_told_with_what_makes_a_new_one(small: Store):
    manifest = open_manifest(small)
    tables = {name: ref for name, ref in manifest.snapshot.tables.items() if name != "events"}
    library = Library(small)
    library.manifest = dataclasses.replace(
        manifest, snapshot=dataclasses.replace(manifest.snapshot, tables=tables)
    )
    for query in ({"kind": "hit"}, {"condition": "value > 1"}, {"state": "true", "near_kind": "hit"}):
        with pytest.raises(ConditionRefused, match=f"no table of events.*farm finalize {small.url}"):
            found(library, **query)
    assert found(library, state="true")


def test_typed_sql_that_takes_too_long_is_ended():
    with (
        closed_database() as database,
        pytest.raises(ConditionRefused, match=r"not done within 0\.2 s"),
    ):
        ask(database, "SELECT count(*) FROM range(1000000000000) WHERE random() < 2", seconds=0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "nix"}, "events are hit, death"),
        ({"limit": 0}, "a limit is 1 to 1000"),
        ({"near_kind": "hit", "near_frames": -1}, "near is 0 to"),
        ({"kind": "hit", "state": "true"}, "leave one out"),
        ({"kind": "hit", "near_frames": 3}, "needs the event to which it is measured: name its kind"),
        ({"state": '"me.x" > 0'}, "me stands for the player"),
    ],
)
def test_wrong_queries_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        MomentQuery(**changes)


def test_a_page_without_filters_asks_for_nothing():
    assert moment_query(NO_MOMENT_FILTERS) is None
    filters = NO_MOMENT_FILTERS | {"kind": "death", "near": "hit", "within": "9"}
    assert moment_query(filters) == MomentQuery("death", near_kind="hit", near_frames=9)


@given(st.sets(st.integers(-123, 300)))
def test_runs_begin_where_the_frame_before_is_missing(frames: set[int]):
    starts = run_starts(np.array(sorted(frames), np.int64))
    assert starts == [frame for frame in sorted(frames) if frame - 1 not in frames]


@pytest.mark.parametrize("slp_frame", [-123, -100, -34, -33, 20, 76])
def test_a_moving_picture_begins_with_its_frame_and_shows_every_third(
    sound_store: Store, committed: LedgerEntry, slp_frame: int
):
    picture = Image.open(io.BytesIO(moving_picture(sound_store, committed, slp_frame)))
    luma = np.stack(
        [np.asarray(each.convert("L").resize((640, 480))) for each in ImageSequence.Iterator(picture)]
    )
    shown, valid = read_stamps(luma)
    end = next(c.slp_frame_exclusive_end for c in committed.chunks if slp_frame < c.slp_frame_exclusive_end)
    assert valid.all()
    assert shown.tolist() == list(range(slp_frame, min(slp_frame + 60, end), 3))


def test_a_still_is_one_picture(sound_store: Store, committed: LedgerEntry):
    picture = Image.open(io.BytesIO(moving_picture(sound_store, committed, 0, num_frames=1)))
    assert getattr(picture, "n_frames", 1) == 1


@pytest.mark.parametrize("slp_frame", [-124, 77, 10**8])
def test_a_frame_that_the_game_has_not_is_refused(sound_store: Store, committed: LedgerEntry, slp_frame: int):
    with pytest.raises(NoSuchFrame, match=f"has no frame {slp_frame}"):
        moving_picture(sound_store, dataclasses.replace(committed), slp_frame)
