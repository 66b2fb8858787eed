"""With splits by player no player is in two splits, and the games that this costs are counted."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.planning.splits import SPLIT_BY, SplitRule, Traits
from manifests.ledger.dataset import SplitContract


def keyed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def game_of(first: int, second: int, characters: tuple[str, ...] = ("FOX", "MARTH")) -> Traits:
    players = tuple(keyed(f"player {who}") for who in (first, second))
    return Traits(keyed("pairing " + " ".join(sorted(players))), "BATTLEFIELD", characters, players)


def ladder(num_players: int, num_games: int) -> list[Traits]:
    """The games of a season: some people play much more than others, all against those of similar rank."""
    rng = random.Random(1)
    eager = [rng.paretovariate(1.2) for _ in range(num_players)]
    firsts = rng.choices(range(num_players), eager, k=num_games)
    games = []
    for first in firsts:
        second = first
        while second == first:
            second = min(max(round(rng.gauss(first, num_players / 20)), 0), num_players - 1)
        games.append(game_of(first, second))
    return games


@pytest.fixture(scope="module")
def season() -> list[Traits]:
    return ladder(3000, 30_000)


def players_by_split(games: list[Traits], rule: SplitRule) -> dict[str | None, set[str | None]]:
    found: dict[str | None, set[str | None]] = defaultdict(set)
    for game in games:
        found[rule.split_of(game)].update(game.players)
    return found


@pytest.mark.slow
def test_on_a_ladder_of_3000_players_nobody_is_in_two_splits(season: list[Traits]):
    rule = SplitRule(by="player")
    found = players_by_split(season, rule)
    assert not found["train"] & found["val"]
    assert not found["train"] & found["test"]
    assert not found["val"] & found["test"]
    assert len(found["test"]) > 50
    trained = sum(rule.split_of(game) == "train" for game in season)
    assert trained > 0.7 * len(season)
    lost = sum(rule.split_of(game) is None for game in season)
    # Two players with independent splits are in different ones in
    # 1 - (0.9 ** 2 + 0.05 ** 2 + 0.05 ** 2) of the games, or 18.5 %.
    assert 0.12 < lost / len(season) < 0.25


@pytest.mark.slow
def test_by_pairing_nearly_everybody_in_test_also_trains(season: list[Traits]):
    rule = SplitRule()
    trained = players_by_split(season, rule)["train"]
    test = [game for game in season if rule.split_of(game) == "test"]
    assert sum(set(game.players) <= trained for game in test) > 0.95 * len(test)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_game_is_in_a_split_only_if_both_its_players_are(first: int, second: int):
    rule = SplitRule(val=0.2, test=0.2, by="player")
    splits = {rule.split_of(game_of(who, who)) for who in (first, second)}
    assert rule.split_of(game_of(first, second)) == (splits.pop() if len(splits) == 1 else None)


def test_a_game_that_names_one_player_goes_with_that_one():
    rule = SplitRule(val=0.2, test=0.2, by="player")
    for who in range(100):
        game = game_of(who, who)
        alone = Traits(game.pairing, game.stage, game.characters, (game.players[0], None))
        assert rule.split_of(alone) == rule.split_of(game)


def test_a_game_that_names_nobody_counts_as_one():
    rule = SplitRule(val=0.3, test=0.3, by="player")
    found = {rule.split_of(Traits(keyed(str(k)), "BATTLEFIELD", ("FOX",), (None, None))) for k in range(100)}
    assert found == {"train", "val", "test"}


def test_a_held_out_character_is_in_test_alone_and_so_are_the_players_of_test():
    rule = SplitRule.chosen(by="player", test=0.4, hold_out=["character=PICHU"])
    games = [
        game_of(k % 50, k * 7 % 50, ("FOX", "PICHU") if k % 3 else ("FOX", "MARTH"))
        for k in range(1000)
        if k % 50 != k * 7 % 50
    ]
    found = players_by_split(games, rule)
    assert not found["test"] & (found["train"] | found["val"])
    assert found["test"]
    for game in games:
        if (split := rule.split_of(game)) is not None:
            assert ("PICHU" in game.characters) == (split == "test")


def test_a_held_out_player_is_in_test_alone():
    who = keyed("player 3")
    rule = SplitRule.chosen(by="player", test=0.3, hold_out=[f"player={who}"])
    splits = {rule.split_of(game_of(3, other)) for other in range(100)}
    assert splits == {"test", None}


@given(
    st.sampled_from(SPLIT_BY),
    st.floats(0, 0.4),
    st.none() | st.floats(0, 0.4),
    st.lists(st.sampled_from(["character=PICHU", "stage=BATTLEFIELD", "player=ab=c"])),
)
def test_a_rule_comes_back_from_dataset_json(by: str, val: float, test: float | None, hold_out: list[str]):
    if by == "pairing" and hold_out:
        test = None
    rule = SplitRule.chosen(by=by, val=val, test=test, hold_out=hold_out)
    contract = rule.to_contract()
    assert isinstance(contract, SplitContract)
    assert SplitRule.of_contract(contract) == rule


def test_the_order_of_what_is_held_out_does_not_matter():
    texts = ["character=PICHU", "stage=BATTLEFIELD"]
    assert SplitRule.chosen(hold_out=texts) == SplitRule.chosen(hold_out=[*texts[::-1], texts[0]])


def test_another_way_to_split_fails():
    with pytest.raises(ValueError, match="by pairing or player"):
        SplitRule(by="evening")
