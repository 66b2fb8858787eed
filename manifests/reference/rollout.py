"""Compare training on single steps with training on rollouts of six steps, by the error of each rollout step.

Both networks see the same windows equally often. The one-step network predicts each of the six frames from
the real frames before it. The six-step network predicts them in a row from its own frames, and gradients of
each step's error flow back through all steps before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import torch

from manifests import WindowSpec
from manifests.reference.chart import lines
from manifests.reference.frames import Frames, held_out, open_states, read_frames, some_frames
from manifests.reference.loop import train
from manifests.reference.network import ARCHS, StateNet, cut
from manifests.reference.run import Run, run_options, say
from manifests.reference.scoring import NO_EXTRAS, X, Y, loss_of, state_loss
from manifests.reference.state_model import Trainee
from manifests.reference.unroll import Position, advance, begin, foresee

if TYPE_CHECKING:
    from torch import Tensor

    from manifests import TensorSample
    from manifests.reference.network import Predicted

EXAMPLE: Final = """\b
Examples:
  python -m manifests.reference.rollout states --out rollout
  python -m manifests.reference.rollout states --out rollout_mlp --arch mlp --interleaved
"""
STEPS: Final = 6
ONE, SIX = "one-step", "six-step"
_ONLY_CTRL: Final = {"num_inputs": 1, "gap": 1}
_NUM_JUDGED: Final = 8_000


def roll(net: StateNet, frames: Frames, *, clamp: bool, steps: int = STEPS) -> list[Predicted]:
    """Predict `steps` frames in a row after the first K of windows, from the recorded inputs."""
    at: Position = begin(net, cut(frames, 0, net.context))
    said = []
    for step in range(net.context, net.context + steps):
        said.append(foresee(net, at, frames.controls[:, step : step + net.num_inputs]))
        if step < net.context + steps - 1:
            at = advance(net, at, said[-1], frames.controls[:, step], clamp=clamp)
    return said


class Rollouts(Trainee):
    """Trains the one-step network on real frames, and the six-step network on its own frames."""

    def forward(self, batch: TensorSample, noise: torch.Generator, done: float) -> Tensor:  # noqa: ARG002
        """Return the sum of both networks' losses, each the mean over six frames."""
        frames = read_frames(self.dataset, batch)
        one, six = self.net(ONE), self.net(SIX)
        steps = range(six.context, six.context + STEPS)
        said = roll(six, frames, clamp=False)
        total = state_loss(one, frames, NO_EXTRAS, STEPS, one.context + STEPS - 1)
        for step, predicted in zip(steps, said, strict=True):
            total = total + loss_of(six, predicted, cut(frames, step, step + 1), NO_EXTRAS) / STEPS
        return total


@torch.no_grad()
def judge_steps(trainee: Rollouts, tests: list[Frames]) -> dict[str, dict[str, list[float]]]:
    """Measure each method by step: distance to the true position, scaled squared error, right actions."""
    table: dict[str, dict[str, list[float]]] = {}

    def add(way: str, step: int, values: Tensor, target: Frames, action: Tensor) -> None:
        scale = trainee.net(ONE).scale_change
        off = values - target.values
        row = table.setdefault(way, {name: [0.0] * STEPS for name in ("position", "mse", "action_acc")})
        row["position"][step] += float(off[..., [X, Y]].norm(dim=-1).mean()) / len(tests)
        row["mse"][step] += float((off / scale).square().mean()) / len(tests)
        row["action_acc"][step] += float((action == target.ids[..., 0]).float().mean()) / len(tests)

    for frames in tests:
        end = trainee.net(ONE).context
        last, before = cut(frames, end - 1, end), cut(frames, end - 2, end - 1)
        rolled = {
            f"{name}{label}": roll(trainee.net(name), frames, clamp=clamp)
            for name in (SIX, ONE) for label, clamp in (("", True), (", not clamped", False))
        }  # fmt: skip
        for step in range(STEPS):
            target = cut(frames, end + step, end + step + 1)
            for way, said in rolled.items():
                add(way, step, said[step].values, target, said[step].logits["action"].argmax(-1))
            moved = last.values + (step + 1) * (last.values - before.values)
            add("linear", step, moved, target, last.ids[..., 0])
            add("copy", step, last.values, target, last.ids[..., 0])
    return {way: {name: [round(value, 4) for value in row] for name, row in rows.items()}
            for way, rows in table.items()}  # fmt: skip


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--arch", type=click.Choice(ARCHS), default="gru", show_default=True,
              help="What reads the K frames.")  # fmt: skip
@click.option("--context", type=click.IntRange(3), default=10, show_default=True, help="Frames seen, K.")
@click.option(
    "--interleaved",
    is_flag=True,
    help="Stack the MLP's frames feature by feature (x of all K frames, y of all ...).",
)
@run_options(steps=600, batch_size=64)
def command(*, dataset: str, run: Run, arch: str, context: int, interleaved: bool) -> None:
    """Train on single steps and on rollouts of six, on DATASET, and print the error by step.

    Errors are those of rollouts on games held out, beside copying the last frame and moving it on as it
    moved. Quantities are clamped to the schema's ranges, and not.
    """
    if interleaved and arch != "mlp":
        message = "--interleaved is a layout of the MLP's input: give --arch mlp"
        raise ValueError(message)
    train_games, test_games = held_out(dataset)
    window = WindowSpec(context + STEPS, start="any")
    windows = open_states(dataset, window, train_games)
    options: dict[str, Any] = {"arch": arch, "context": context, "interleaved": interleaved}
    trainee = Rollouts(windows, {ONE: _ONLY_CTRL, SIX: _ONLY_CTRL}, run.seed, **options)
    figures = train(run, windows, trainee, {"model": "rollout", **options})
    if run.rank:
        return
    tests = list(some_frames(open_states(dataset, window, test_games), _NUM_JUDGED, run.seed))
    table = judge_steps(trainee.cpu(), tests)
    shown = {way: table[way]["position"] for way in (SIX, ONE, "linear", "copy")}
    lines(run.out / "picture.png", f"Rollouts on held-out games, {arch}", shown, "step",
          "distance to the true position")  # fmt: skip
    say({"model": "rollout", **options, **figures, "by_step": table})


if __name__ == "__main__":
    command()
