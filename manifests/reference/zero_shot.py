"""Hold out one character, and measure how well a state model predicts a fighter that it has never seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click
import torch

from manifests import WindowSpec, as_dict, open_dataset
from manifests.reference.chart import bars
from manifests.reference.frames import PLAYERS, all_games, open_states, some_frames
from manifests.reference.loop import train
from manifests.reference.run import Run, run_options, say
from manifests.reference.scoring import CHARACTER, Extras, Score
from manifests.reference.state_model import VARIANTS, Trainee, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.reference.frames import Frames
    from manifests.reference.network import StateNet

EXAMPLE: Final = """\b
Examples:
  python -m manifests.reference.zero_shot states --out zero_shot
  python -m manifests.reference.zero_shot states --out without_peach --character PEACH
"""
_CTRL: Final = "ctrl(t)"
_CONTEXT, _NUM_JUDGED = 10, 12_000


def choose_character(games: Sequence[Sequence[str]], wanted: str | None) -> str:
    """Choose the character to hold out: the wanted one, or the rarest that occurs in at least two games.

    Args:
        games: the characters of each game.
        wanted: a name, or None.

    Raises:
        ValueError: no game has the character, or all games have it.
    """
    having = Counter(name for game in games for name in set(game))
    free = {name: count for name, count in having.items() if count < len(games)}
    if wanted is not None and wanted not in free:
        message = (
            f"{wanted} is in {having[wanted]} of {len(games)} games, and has to be in some, not in all; "
            f"there are {', '.join(sorted(having))}"
        )
        raise ValueError(message)
    if not free:
        message = f"all {len(games)} games have the same characters, so that none can be held out"
        raise ValueError(message)
    if wanted is not None:
        return wanted
    twice = {name: count for name, count in free.items() if count > 1} or free
    return min(twice, key=lambda name: (twice[name], name))


def character_id(url: str, name: str) -> int:
    """Find the id that a character has in the state, by the first of its games."""
    fields = [f"{player}.d_character_class" for player in PLAYERS]
    window = WindowSpec(1, start="any")
    dataset = open_dataset(url, window=window, fields=fields, filter=_with(name), as_torch=False)
    sample = as_dict(dataset[0])
    player = dataset.games["characters"][0].as_py().index(name)
    return int(sample[fields[player]][0])


def _with(name: str) -> str:
    return f"{name!r} in characters"


@torch.no_grad()
def judge_players(net: StateNet, tests: Sequence[Frames], character: int | None) -> dict[str, Any]:
    """Evaluate only the frames of fighters of one character, or of all characters if it is None."""
    score = Score()
    for frames in tests:
        who = frames.ids[:, net.context - 1, :, CHARACTER]
        score.add(
            net, frames, torch.ones_like(who, dtype=torch.bool) if character is None else who == character
        )
    return score.figures()


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--character", metavar="NAME",
              help="Whom to hold out.  [default: the rarest of two games or more]")  # fmt: skip
@click.option("--category-loss", type=click.FloatRange(0), default=0.0, show_default=True,
              help="Weight of naming the action's functional category.")  # fmt: skip
@run_options(steps=400, batch_size=96)
def command(*, dataset: str, run: Run, character: str | None, category_loss: float) -> None:
    """Train on the games of DATASET without one character, and judge its fighters in the games with it.

    Beside them stand the fighters of games that were held out as well, but have known characters only.
    """
    games = all_games(dataset)
    name = choose_character(games["characters"].to_pylist(), character)
    known = [row["game_id"] for row in games.select(["game_id", "characters"]).to_pylist()
             if name not in row["characters"]]  # fmt: skip
    own_games = sorted(known)[::5] if len(known) > 1 else []
    windows = open_states(dataset, window(_CONTEXT), f"not ({_with(name)}) and game_id not in {own_games!r}")
    trainee = Trainee(windows, {_CTRL: VARIANTS[_CTRL]}, run.seed, Extras(category_loss), context=_CONTEXT)
    settings = {"model": "zero_shot", "character": name, "category": category_loss}
    figures = train(run, windows, trainee, settings)
    if run.rank:
        return
    net, found = trainee.cpu().net(_CTRL), {}
    for label, games_of, number in (
        (f"{name}, never seen", _with(name), character_id(dataset, name)),
        ("known characters", f"game_id in {own_games!r}", None),
    ):
        if number is not None or own_games:
            tests = list(some_frames(open_states(dataset, window(_CONTEXT), games_of), _NUM_JUDGED, run.seed))
            found[label] = judge_players(net, tests, number)
    names = ("change_acc", "category_acc_of_changes", "action_acc", "action_acc_of_copying", "category_acc")
    shown = {label: {one: figures_of[one] for one in names} for label, figures_of in found.items()}
    bars(run.out / "picture.png", f"Trained without {name}", shown, "share")
    say({**settings, **figures, "held_out": found})


if __name__ == "__main__":
    command()
