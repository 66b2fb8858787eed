"""The zero-shot bench chooses the character that is held out and the players that are evaluated."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests import WindowSpec  # noqa: E402
from manifests.reference.frames import all_games, open_states, some_frames  # noqa: E402
from manifests.reference.network import Scale, StateNet  # noqa: E402
from manifests.reference.scoring import CHARACTER  # noqa: E402
from manifests.reference.zero_shot import character_id, choose_character, judge_players  # noqa: E402

pytestmark = pytest.mark.torch
GAMES = [["FOX", "MARTH"], ["FOX", "FALCO"], ["FALCO", "MARTH"], ["FOX", "PICHU"]]


@pytest.mark.parametrize(
    ("games", "wanted", "chosen"),
    [
        (GAMES, None, "FALCO"),  # it is in two games, as many as Marth; Pichu is in only one
        (GAMES, "PICHU", "PICHU"),
        (GAMES[:2], None, "FALCO"),  # since Fox is in both
    ],
)
def test_the_rarest_character_of_two_games_is_held_out_or_the_wanted_one(games, wanted, chosen):
    assert choose_character(games, wanted) == chosen


@pytest.mark.parametrize(
    ("games", "wanted", "message"),
    [
        (GAMES, "KIRBY", "KIRBY is in 0 of 4 games"),
        (GAMES[:2], "FOX", "FOX is in 2 of 2 games"),
        (GAMES[:1], None, "none can be held out"),
    ],
)
def test_a_character_of_no_game_or_of_all_fails(games, wanted, message):
    with pytest.raises(ValueError, match=message):
        choose_character(games, wanted)


def test_only_the_fighters_of_the_character_are_judged(states: Path):
    name = all_games(str(states))["characters"][0].as_py()[1]
    number = character_id(str(states), name)
    dataset = open_states(str(states), WindowSpec(8, start="any", lookahead=1), f"{name!r} in characters")
    frames = next(some_frames(dataset, 64, 0))
    net = StateNet(Scale.of([frames]), frames.controls.shape[-1], context=5, hidden=16).eval()
    own = frames.ids[:, 4, :, CHARACTER] == number
    assert own.any(1).all()  # since every window has one
    changes = (frames.ids[:, 5, :, 0] != frames.ids[:, 4, :, 0]) & own
    assert judge_players(net, [frames], number)["num_changes"] == changes.sum()
