"""A simulated dataset can be read like a real one, and has as many events as were asked for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from farm.bench._many_events import simulate
from manifests.snapshot.reader import Manifest, open_manifest

if TYPE_CHECKING:
    from pathlib import Path

NUM_GAMES, PER_GAME = 12, 200


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    root = tmp_path_factory.mktemp("simulated") / "set"
    root.mkdir()
    simulate(root, NUM_GAMES, PER_GAME)
    assert list(root.parent.iterdir()) == [root], "nothing is left beside it"
    return open_manifest(root)


def test_every_game_has_as_many_events_as_were_asked_for_and_counts_them_by_kind(simulated: Manifest):
    games, events = simulated.games().to_pylist(), simulated.events().to_pylist()
    assert len(games) == NUM_GAMES
    for game in games:
        kinds = Counter(event["kind"] for event in events if event["game_id"] == game["game_id"])
        assert game["num_events"] == kinds.total() == PER_GAME
        assert {of["kind"]: of["number"] for of in game["event_counts"] if of["number"]} == kinds


def test_hits_are_most_frequent_and_nobody_rolls_back_alone(simulated: Manifest):
    events = simulated.events().to_pylist()
    assert Counter(event["kind"] for event in events).most_common(1)[0][0] == "hit"
    assert {event["player"] for event in events if event["kind"] == "rollback"} == {None}
    assert {event["player"] for event in events if event["kind"] == "hit"} == {0, 1}
    assert all(event["other"] == 1 - event["player"] for event in events if event["kind"] == "hit")


def test_the_same_numbers_give_the_same_events(tmp_path: Path, simulated: Manifest):
    root = tmp_path / "again"
    root.mkdir()
    simulate(root, NUM_GAMES, PER_GAME)
    assert open_manifest(root).events().equals(simulated.events())
