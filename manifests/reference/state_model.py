"""Train models of the game's state, which predict the next frame from K frames and the inputs.

Four models are trained on the same batches, and evaluated on games that none of them has seen:

    none          reads states and inputs of K frames, nothing of the predicted frame
    ctrl(t)       also reads the inputs of the predicted frame, which act in it
    lookahead=1   also reads those of the frame after it, which a player chooses on seeing the predicted one
    window=K+3    predicts the third frame after, from the inputs up to it; a longer gap, so not comparable
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import torch
from torch import nn

from manifests import WindowSpec
from manifests.reference.chart import bars
from manifests.reference.frames import Frames, held_out, open_states, read_frames, some_frames
from manifests.reference.loop import train
from manifests.reference.network import ARCHS, Scale, StateNet
from manifests.reference.run import Run, run_options, say
from manifests.reference.scoring import NO_EXTRAS, Extras, judge, state_loss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from manifests import TensorSample, TorchWindows

EXAMPLE: Final = """\b
Examples:
  farm record --games 24 --out replays && farm states --replays replays --out states
  python -m manifests.reference.state_model states --out state_model
  python -m manifests.reference.state_model states --out with_mlp --arch mlp --category-loss 2
"""
VARIANTS: Final[dict[str, dict[str, Any]]] = {
    "none": {"num_inputs": 0, "gap": 1},
    "ctrl(t)": {"num_inputs": 1, "gap": 1},
    "lookahead=1": {"num_inputs": 2, "gap": 1},
    "window=K+3": {"num_inputs": 3, "gap": 3},
}
_NUM_MEASURED: Final = 4_000  # number of windows on which scales are measured
_NUM_JUDGED: Final = 16_000


def window(context: int) -> WindowSpec:
    """Describe a window: K seen frames, three that may be predicted, and the inputs of one more."""
    return WindowSpec(context + 3, start="any", lookahead=1)


class Trainee(nn.Module):
    """The networks by name, and the sum of their losses; they share no weights, so each trains by itself."""

    def __init__(
        self, dataset: TorchWindows, variants: Mapping[str, Mapping[str, Any]], seed: int,
        extras: Extras = NO_EXTRAS, own_share: float = 0.0, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        torch.manual_seed(seed)
        measured = list(some_frames(dataset, _NUM_MEASURED, seed))
        scale, num_controls = Scale.of(measured), measured[0].controls.shape[-1]
        self.dataset, self.extras, self.own_share = dataset, extras, own_share
        self.nets = nn.ModuleDict({
            _key(name): StateNet(scale, num_controls, **one, **options) for name, one in variants.items()
        })  # fmt: skip

    def net(self, name: str) -> StateNet:
        """Return the network of a variant, by the variant's name."""
        found: StateNet = self.nets[_key(name)]
        return found

    def use(self, name: str, net: StateNet) -> None:
        """Replace the network of a variant by another network."""
        self.nets[_key(name)] = net

    def forward(self, batch: TensorSample, noise: torch.Generator, done: float) -> Tensor:
        """Return the sum of the networks' losses; with scheduled sampling, on frames partly their own."""
        frames = read_frames(self.dataset, batch)
        loss = torch.zeros((), device=frames.values.device)
        for net in self.nets.values():
            seen = own_frames(net, frames, self.own_share * done, noise) if self.own_share else frames
            loss = loss + state_loss(net, seen, self.extras)
        return loss


def own_frames(net: StateNet, frames: Frames, share: float, noise: torch.Generator) -> Frames:
    """Put a network's own predicted quantities into a share of the frames it sees; classes stay the same."""
    with torch.no_grad():
        said = net(frames, net.context).values[:, : net.context - net.gap]  # of the frames from `gap` on
    chance = torch.rand((*said.shape[:2], 1, 1), generator=noise, device=said.device)
    values = frames.values.clone()
    seen = values[:, net.gap : net.context]
    values[:, net.gap : net.context] = torch.where(chance < share, said, seen)
    return frames._replace(values=values)


def _key(name: str) -> str:
    return name.replace(".", "_")


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--arch", type=click.Choice(ARCHS), default="gru", show_default=True,
              help="Reader of the K frames.")  # fmt: skip
@click.option("--context", type=click.IntRange(3), default=10, show_default=True, help="Frames seen, K.")
@click.option("--category-loss", type=click.FloatRange(0), default=0.0, show_default=True,
              help="Weight of naming the action's functional category.")  # fmt: skip
@click.option("--embedding-loss", type=click.FloatRange(0), default=0.0, show_default=True,
              help="Weight of meeting the action's embedding.")  # fmt: skip
@click.option(
    "--scheduled-sampling",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of the frames seen, at the end, whose quantities are the model's own. GRU only.",
)
@run_options(steps=500, batch_size=96)
def command(
    *, dataset: str, run: Run, arch: str, context: int, category_loss: float, embedding_loss: float,
    scheduled_sampling: float,
) -> None:  # fmt: skip
    """Train models of the state of DATASET (a folder or URL) and judge them on games held out.

    change_acc is the share of right action states where the action changes, action_acc the share in all
    frames. Each is beside what copying the last frame would get.
    """
    if scheduled_sampling and arch == "mlp":
        message = "--scheduled-sampling needs --arch gru: the MLP predicts no frame that it then sees"
        raise ValueError(message)
    train_games, test_games = held_out(dataset)
    windows = open_states(dataset, window(context), train_games)
    extras = Extras(category_loss, embedding_loss)
    trainee = Trainee(windows, VARIANTS, run.seed, extras, scheduled_sampling, arch=arch, context=context)
    settings = {"model": "state_model", "arch": arch, "context": context, "category": category_loss,
                "embedding": embedding_loss, "own_share": scheduled_sampling}  # fmt: skip
    figures = train(run, windows, trainee, settings)
    if run.rank:
        return
    tests = list(some_frames(open_states(dataset, window(context), test_games), _NUM_JUDGED, run.seed))
    trainee.cpu()
    found = {name: judge(trainee.net(name), tests) for name in VARIANTS}
    bars(
        run.out / "picture.png", f"Action states of held-out frames, {arch}",
        {name: {"change_acc": one["change_acc"], "gain of action_acc over copying":
                one["action_acc"] - one["action_acc_of_copying"]} for name, one in found.items()}, "share",
    )  # fmt: skip
    say({"model": "state_model", **settings, **figures, "held_out": found})


if __name__ == "__main__":
    command()
