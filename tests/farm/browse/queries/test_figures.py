"""The numbers behind the browser's charts are those of the games."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from farm.browse.queries.figures import figures, read_trials, trials_of
from farm.browse.queries.game_filters import Filters
from farm.browse.queries.library import Library
from manifests.errors import RecordRefused
from tests.farm.browse.varied_games import NUM_GAMES

if TYPE_CHECKING:
    from manifests.store.contract import Store

TRIAL = {
    "preset": "fast", "crf": 23.0, "height": 480, "gop_pictures": 30, "b_frames": 0, "bytes_per_frame": 900.5,
    "ssim": 0.98, "psnr_db": 41.0, "ssim_fighters": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def library(varied: Store) -> Library:
    return Library(varied)


@pytest.mark.slow
def test_histograms_count_every_game_once(library: Library):
    found = figures(library, [])
    by_name = {each["name"]: each for each in (*found["histograms"], *found["margins"])}
    assert {"bytes per frame", "length", "motion"} <= by_name.keys()
    for each in by_name.values():
        assert len(each["edges"]) == len(each["counts"]) + 1
        assert sum(each["counts"]) == NUM_GAMES
    lengths = [row["num_frames"] / 3600 for row in library.rows("SELECT num_frames FROM games", [])]
    edges = by_name["length"]["edges"]
    assert (edges[0], edges[-1]) == pytest.approx((min(lengths), max(lengths)), abs=1e-3)


@pytest.mark.slow
def test_meetings_are_what_the_games_page_filters_by(library: Library):
    meetings = figures(library, [])["meetings"]
    assert sum(row["games"] for row in meetings) == NUM_GAMES
    assert {(row["one"], row["other"]) for row in meetings} >= {("FOX", "FOX"), ("FALCO", "FOX")}
    for row in meetings:
        for one, other in ((row["one"], row["other"]), (row["other"], row["one"])):
            filters = Filters(character=one, versus=other, stage=row["stage"])
            assert library.games(filters).num_games == row["games"]


@pytest.mark.slow
def test_trials_are_passed_on(library: Library):
    assert figures(library, [TRIAL])["trials"] == [TRIAL]


def test_a_bench_is_read_as_it_was_printed(varied: Store):
    assert trials_of(varied) == []
    assert read_trials(json.dumps([TRIAL | {"more": 1}]).encode(), "x") == [TRIAL]


@pytest.mark.parametrize("other", [{"region_offset": -0.1}, {"refreshes_within": True}])
def test_codings_that_the_chart_does_not_show_are_left_out(other: dict[str, object]):
    assert read_trials(json.dumps([TRIAL, TRIAL | other]).encode(), "x") == [TRIAL]


@pytest.mark.parametrize("data", [b"", b"{}{", b"[1]", b'[{"preset": "fast"}]', b"[[]]", b"null", b"\xff"])
def test_what_is_no_bench_fails(data: bytes):
    with pytest.raises(RecordRefused, match=r"x is not what `farm bench bytes --json` prints"):
        read_trials(data, "x")
