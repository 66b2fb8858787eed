"""Train a small network that corrects a plan of inputs, instead of making a new plan at every frame.

A plan of three frames is made with the state model, whose own latents say what it expects to happen. A frame
later the real latent is known, and differs. The teacher makes a new plan from it, at the cost of many passes;
the corrector sees the real latent, the expected one and the planned inputs, and learns the teacher's answer.
A dataset cannot answer inputs that nobody gave, so there are no returns here: the measure is the distance of
the inputs from the teacher's, along recorded games.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click
import torch
from torch import Tensor, nn

from manifests import WindowSpec
from manifests.reference.chart import lines
from manifests.reference.frames import NUM_HELD, held_out, open_states, read_frames, some_frames
from manifests.reference.loop import train
from manifests.reference.planner import HORIZON, NUM_STEPS, Lesson, Planner, candidates_of, lesson
from manifests.reference.run import Run, run_options, say
from manifests.reference.state_model import VARIANTS, Trainee

if TYPE_CHECKING:
    from manifests import TensorSample, TorchWindows

EXAMPLE: Final = """\b
Example:
  python -m manifests.reference.corrector states --out corrector
"""
_CONTEXT, _NUM_CANDIDATES, _JUDGED_AT_ONCE = 10, 24, 32
_SMALL: Final = 0.01  # weight of keeping corrections small
_WIDTH: Final = 64
_MODEL_BATCH: Final = 96
_RARELY: Final = 0.9  # share of training mismatches below the limit beyond which a new plan is made


class TwoTower(nn.Module):
    """A corrector with towers for the real latent, the expected one and their difference, and a gate."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.towers = nn.ModuleList(nn.Sequential(nn.Linear(latent, _WIDTH), nn.SiLU()) for _ in range(3))
        both = 3 * _WIDTH + 2 * NUM_HELD
        self.gate = nn.Linear(both, NUM_HELD)
        self.change = nn.Sequential(nn.Linear(both, _WIDTH), nn.SiLU(), nn.Linear(_WIDTH, NUM_HELD))

    def forward(self, seen: Lesson) -> Tensor:
        """Return the correction of each step's planned inputs, [B, 5, 17]."""
        parts = (seen.real, seen.expected, seen.real - seen.expected)
        towers = [tower(part) for tower, part in zip(self.towers, parts, strict=True)]
        both = torch.cat([*towers, seen.plan, seen.held], -1)
        return self.gate(both).sigmoid() * self.change(both)


class Temporal(nn.Module):
    """A corrector that reads the mismatches since the plan was made with a small causal transformer."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.read = nn.Linear(3 * latent + 2 * NUM_HELD, _WIDTH)
        self.place = nn.Parameter(torch.zeros(NUM_STEPS, _WIDTH))
        layer = nn.TransformerEncoderLayer(_WIDTH, 4, 2 * _WIDTH, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.change = nn.Linear(_WIDTH, NUM_HELD)

    def forward(self, seen: Lesson) -> Tensor:
        """Return the correction of each step's planned inputs, [B, 5, 17]."""
        parts = (seen.real, seen.expected, seen.real - seen.expected, seen.plan, seen.held)
        steps = torch.cat(parts, -1)
        mask = nn.Transformer.generate_square_subsequent_mask(NUM_STEPS, device=steps.device)
        return self.change(self.layers(self.read(steps) + self.place, mask=mask, is_causal=True))


class Pupils(nn.Module):
    """Both correctors, taught by one planner whose network is fixed."""

    def __init__(self, dataset: TorchWindows, planner: Planner, latent: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.dataset, self.planner = dataset, planner
        self.nets = nn.ModuleDict({"two-tower": TwoTower(latent), "transformer": Temporal(latent)})

    def forward(self, batch: TensorSample, noise: torch.Generator, done: float) -> Tensor:  # noqa: ARG002
        """Return the loss: both correctors' distance from the teacher, and a small weight on corrections."""
        seen = lesson(self.planner, read_frames(self.dataset, batch))
        loss = torch.zeros((), device=seen.plan.device)
        for net in self.nets.values():
            change = net(seen)
            loss = loss + (seen.plan + change - seen.taught).square().sum(-1).mean()
            loss = loss + _SMALL * change.square().sum(-1).mean()
        return loss


@torch.no_grad()
def judge_ways(pupils: Pupils, tests: Lesson, limit: float) -> dict[str, Any]:
    """Measure, for each way of continuing a plan, how far its inputs are from the teacher's, step by step.

    Distances are root mean squares, because the correctors are trained on mean squares.

    If the real latent is further than `limit` from the expected one, a way with a corrector falls back to a
    new plan, which is the teacher itself.
    """
    is_far = mismatch(tests) > limit
    changes = {name: net(tests) for name, net in pupils.nets.items()}

    def way(num: int, plans: float, inputs: Tensor, change: Tensor | None = None) -> dict[str, Any]:
        off, far = (inputs - tests.taught).square().sum(-1)[:, :num], is_far[:, :num]
        found = {"plans_per_frame": round(plans, 3), "error": _root(off.mean()),
                 "error_by_step": [_root(one) for one in off.mean(0)]}  # fmt: skip
        if change is not None:
            sizes = change.square().sum(-1)[:, :num]
            found["correction_by_step"] = [_root(one) for one in sizes.mean(0)]
            found["fallbacks_by_step"] = [round(float(one), 4) for one in far.float().mean(0)]
            found["error_with_fallbacks"] = _root(off.where(~far, 0).mean())
        return found

    ways = {
        "replan each step": way(NUM_STEPS, 1, tests.taught),
        "3-step, first inputs held": way(HORIZON - 1, 1 / 3, tests.held),
        "6-step, first inputs held": way(NUM_STEPS, 1 / 6, tests.held),
        "naive 3-step": way(HORIZON - 1, 1 / 3, tests.plan),
        "naive 6-step": way(NUM_STEPS, 2 / 6, tests.plan),
    }
    for name, change in changes.items():
        ways[f"3-step + {name}"] = way(HORIZON - 1, 1 / 3, tests.plan + change, change)
        ways[f"6-step + {name}"] = way(NUM_STEPS, 2 / 6, tests.plan + change, change)
    return ways


def mismatch(seen: Lesson) -> Tensor:
    """Measure how far the real latent is from the expected one at each step, per component, [B, 5]."""
    return (seen.real - seen.expected).square().mean(-1).sqrt()


def _root(mean_square: Tensor) -> float:
    return round(float(mean_square.sqrt()), 5)


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--model-steps", type=click.IntRange(1), default=300, show_default=True,
              help="Optimiser steps of the state model, before the correctors'.")  # fmt: skip
@click.option(
    "--judged",
    type=click.IntRange(1),
    default=640,
    show_default=True,
    help="Plans that the ways are judged on, and that say where to fall back.",
)
@run_options(steps=300, batch_size=16)
def command(*, dataset: str, run: Run, model_steps: int, judged: int) -> None:
    """Train a state model of DATASET, plan with it, and teach two correctors what replanning says."""
    train_games, test_games = held_out(dataset)
    window = WindowSpec(_CONTEXT + NUM_STEPS, start="any")
    windows = open_states(dataset, window, train_games)
    first = replace(run, out=run.out / "state_model", steps=model_steps, batch_size=_MODEL_BATCH)
    trainee = Trainee(windows, {"ctrl(t)": VARIANTS["ctrl(t)"]}, run.seed, context=_CONTEXT)
    train(first, windows, trainee, {"model": "corrector's state model"})
    net = trainee.net("ctrl(t)").requires_grad_(False)
    some = list(some_frames(windows, _NUM_CANDIDATES, run.seed + 1))
    planner = Planner(net, candidates_of(some, _NUM_CANDIDATES).to(run.device))
    pupils = Pupils(windows, planner, net.hidden, run.seed)
    figures = train(run, windows, pupils, {"model": "corrector", "model_steps": model_steps})
    if run.rank:
        return
    pupils.cpu()
    planner = Planner(net.cpu(), candidates_of(some, _NUM_CANDIDATES))

    def lessons(games: str) -> Lesson:
        found = open_states(dataset, window, games)
        parts = [lesson(planner, frames) for frames in some_frames(found, judged, run.seed, _JUDGED_AT_ONCE)]
        return Lesson(*(torch.cat(each) for each in zip(*parts, strict=True)))

    limit = float(mismatch(lessons(train_games)).quantile(_RARELY))
    ways = judge_ways(pupils, lessons(test_games), limit)
    shown = {name: one["error_by_step"] for name, one in ways.items() if "6-step" in name}
    lines(run.out / "picture.png", "Inputs of a plan, and corrected", shown, "frames since the plan's first",
          "distance to the teacher's inputs", range(1, NUM_STEPS + 1))  # fmt: skip
    say({"model": "corrector", **figures, "falls_back_beyond": round(limit, 4), "ways": ways})


if __name__ == "__main__":
    command()
