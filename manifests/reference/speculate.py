"""Guess inputs that have not arrived yet, continue, and roll back if the guess was wrong (as GGPO does).

The guess is that a player keeps holding the same inputs: ctrl(t+1) = ctrl(t). Three things are measured:

    guesses       how often that is right in the games, by how far sticks may be off
    lookahead     a model that needs ctrl(t+1) gets the guess, and then the truth if the guess was wrong
    two policies  a rollout in which one player's inputs arrive later: after rolling back, it is exactly the
                  rollout that waited for them
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

import click
import torch
from torch import Tensor

from manifests import WindowSpec
from manifests.reference.chart import lines
from manifests.reference.frames import (
    Frames,
    held_out,
    hold,
    open_states,
    some_frames,
)
from manifests.reference.guesses import THRESHOLDS, count_guesses, repeats
from manifests.reference.loop import train
from manifests.reference.network import StateNet, cut
from manifests.reference.run import Run, run_options, say
from manifests.reference.scoring import judge
from manifests.reference.state_model import VARIANTS, Trainee, window
from manifests.reference.unroll import advance, begin, foresee

if TYPE_CHECKING:
    from manifests.reference.unroll import Position

EXAMPLE: Final = """\b
Example:
  python -m manifests.reference.speculate states --out speculate
"""
DELAYS: Final = (1, 2, 4)
_CONTEXT, _NUM_ROLLED, _NUM_ROLLED_WINDOWS, _NUM_TESTS = 10, 60, 16, 12_000


def judge_lookahead(ahead: StateNet, without: StateNet, tests: list[Frames]) -> dict[str, Any]:
    """Evaluate the model that needs ctrl(t+1) with the truth, the guess, and the guess rolled back."""
    ways = {"ctrl(t) alone": judge(without, tests), "true ctrl(t+1)": judge(ahead, tests)}
    passes = {"ctrl(t) alone": 1.0, "true ctrl(t+1)": 1.0, "guess, never rolled back": 1.0}
    for threshold in (None, *THRESHOLDS[::-1]):
        guessed, share = [], []
        for frames in tests:
            now, then = frames.controls[:, ahead.context], frames.controls[:, ahead.context + 1]
            is_right = torch.ones(len(now), dtype=torch.bool)
            if threshold is not None:
                is_right = repeats(now, then, threshold).all(-1)
            controls = frames.controls.clone()
            controls[:, ahead.context + 1] = torch.where(is_right[:, None, None], hold(now), then)
            guessed.append(frames._replace(controls=controls))
            share.append(float((~is_right).float().mean()))
        name = "guess, never rolled back" if threshold is None else f"rolled back beyond {threshold}"
        ways[name], passes[name] = judge(ahead, guessed), round(1 + fmean(share), 4)
    worst, best = (ways[name]["change_acc"] for name in ("guess, never rolled back", "true ctrl(t+1)"))
    return {
        name: {
            "passes_per_frame": passes[name], "change_acc": one["change_acc"],
            "action_acc": one["action_acc"], "position_mae": one["position_mae"]["predicted"],
            "recovered": round((one["change_acc"] - worst) / (best - worst), 3)
            if "rolled" in name and best > worst else None,
        }
        for name, one in ways.items()
    }  # fmt: skip


@torch.no_grad()
def two_policies(net: StateNet, frames: Frames, delay: int) -> dict[str, float]:
    """Roll out one window in which the second player's inputs arrive `delay` frames late, and roll back.

    Returns:
        Passes per frame, share of frames with a wrong guess, and the largest difference from the rollout that
        waited, over all quantities of all frames; rolling back is exact if the difference is 0.
    """
    local, remote = frames.controls[:, net.context :].unbind(2)  # [1, T, A] each
    num, start = local.shape[1], begin(net, cut(frames, 0, net.context))

    def after(at: Position, step: int, others: Tensor) -> Position:
        controls = torch.stack([local[:, step], others], 1)
        return advance(net, at, foresee(net, at, controls[:, None]), controls, clamp=True)

    waited = [start]
    for step in range(num):
        waited.append(after(waited[-1], step, remote[:, step]))
    snapshots, used, passes, wrong = [start], list[Tensor](), 0, 0
    newest = frames.controls[:, net.context - 1, 1]  # the newest inputs of the other player that have arrived
    for now in range(num + delay):
        arrived = now - delay
        if arrived >= 0:
            newest = remote[:, arrived]
            if not torch.equal(used[arrived], newest):
                wrong += 1
                used[arrived:] = [newest, *[hold(newest)] * (len(used) - arrived - 1)]
                for step in range(arrived, len(used)):
                    snapshots[step + 1] = after(snapshots[step], step, used[step])
                passes += len(used) - arrived
        if now < num:
            used.append(hold(newest))
            snapshots.append(after(snapshots[-1], now, used[-1]))
            passes += 1
    off = [one.pair.values - two.pair.values for one, two in zip(snapshots, waited, strict=True)]
    return {"passes_per_frame": passes / num, "wrong": wrong / num,
            "largest_difference": float(torch.stack(off).abs().max())}  # fmt: skip


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@run_options(steps=400, batch_size=96)
def command(*, dataset: str, run: Run) -> None:
    """Count right guesses of inputs in DATASET, and measure what rolling back wrong ones recovers.

    "recovered" is the share of the gap in change_acc, between a guess that is never rolled back and the true
    input, that is closed.
    """
    train_games, test_games = held_out(dataset)
    windows = open_states(dataset, window(_CONTEXT), train_games)
    variants = {name: VARIANTS[name] for name in ("ctrl(t)", "lookahead=1")}
    trainee = Trainee(windows, variants, run.seed, context=_CONTEXT)
    figures = train(run, windows, trainee, {"model": "speculate"})
    if run.rank:
        return
    tests = list(some_frames(open_states(dataset, window(_CONTEXT), test_games), _NUM_TESTS, run.seed))
    trainee.cpu()
    guesses, net = count_guesses(dataset), trainee.net("ctrl(t)")
    lookahead = judge_lookahead(trainee.net("lookahead=1"), net, tests)
    long = open_states(dataset, WindowSpec(_CONTEXT + _NUM_ROLLED, start="any"), test_games)
    rolled = list(some_frames(long, _NUM_ROLLED_WINDOWS, run.seed, batch_size=1))
    two = {}
    for delay in DELAYS:
        each = [two_policies(net, frames, delay) for frames in rolled]
        two[f"{delay} frames late"] = {
            "passes_per_frame": round(fmean(one["passes_per_frame"] for one in each), 4),
            "wrong": round(fmean(one["wrong"] for one in each), 4),
            "largest_difference": max(one["largest_difference"] for one in each),
        }
    shown = {label: [guesses[key][str(threshold)] for threshold in THRESHOLDS]
             for label, key in (("one player", "one_player"), ("both players", "both_players"))}  # fmt: skip
    lines(run.out / "picture.png", "Inputs that are the frame's before", shown, "sticks may be off by",
          "share of frames", THRESHOLDS)  # fmt: skip
    say({"model": "speculate", **figures, "guesses": guesses, "lookahead": lookahead, "two_policies": two})


if __name__ == "__main__":
    command()
