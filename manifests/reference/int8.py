"""Train a state model for 8-bit arithmetic, and compare it with float, and with rounding after training.

During training, weights and inputs of every linear layer are rounded to a grid of 255 steps, and gradients
pass as if they were not rounded. Each output channel has a grid for its weights, and each layer has one for
its inputs, on which the largest input so far is 127 steps. The trained network then multiplies whole numbers
of 8 bits.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import click
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from manifests.reference.chart import bars
from manifests.reference.frames import held_out, open_states, some_frames
from manifests.reference.loop import train
from manifests.reference.network import ARCHS
from manifests.reference.run import Run, run_options, say
from manifests.reference.scoring import judge
from manifests.reference.state_model import VARIANTS, Trainee, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.reference.frames import Frames
    from manifests.reference.network import StateNet

EXAMPLE: Final = """\b
Examples:
  python -m manifests.reference.int8 states --out int8
  python -m manifests.reference.int8 states --out int8_gru --arch gru
"""
MOST: Final = 127  # largest of the 8-bit numbers [-127, 127]; -128 is left out, so that the grid is symmetric
FLOAT, TRAINED = "float32", "int8, trained for it"
ROUNDED: Final = "int8, rounded afterwards"
_CONTEXT, _NUM_JUDGED, _NUM_CALIBRATED = 10, 16_000, 2


def on_grid(values: Tensor, step: Tensor) -> Tensor:
    """Round values to multiples of a step, at most 127 steps from 0; gradients pass through unchanged."""
    rounded = (values / step).round().clamp(-MOST, MOST) * step
    return values + (rounded - values).detach()


def steps_of(weight: Tensor) -> Tensor:
    """Return the step of each output channel, [out, 1], such that its largest weight is 127 steps."""
    return weight.detach().abs().amax(1, keepdim=True).clamp(min=1e-8) / MOST


class EightBitLinear(nn.Linear):
    """A linear layer that learns on the 8-bit grid, and can then be run in whole numbers."""

    largest: Tensor

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features, layer.out_features)
        self.load_state_dict(layer.state_dict())
        self.register_buffer("largest", torch.zeros(()))
        self.in_whole_numbers = False

    def forward(self, values: Tensor) -> Tensor:
        """Compute the result of `nn.Linear`, on the grid."""
        if self.training:
            self.largest = torch.maximum(self.largest, values.detach().abs().max())
        step, steps = (self.largest / MOST).clamp(min=1e-8), steps_of(self.weight)
        if not self.in_whole_numbers:
            return linear(on_grid(values, step), on_grid(self.weight, steps), self.bias)
        # Products of 8-bit numbers are summed in 32 bits; each channel's step turns its sum into a float.
        inputs = (values / step).round().clamp(-MOST, MOST).to(torch.int8)
        weights = (self.weight / steps).round().clamp(-MOST, MOST).to(torch.int8)
        sums = inputs.flatten(0, -2).int() @ weights.int().T
        return (sums * (step * steps.T) + self.bias).unflatten(0, values.shape[:-1])


def eight_bit(net: StateNet) -> StateNet:
    """Copy a network with every linear layer on the 8-bit grid; embeddings and a GRU's scan stay in float."""
    copied: StateNet = copy.deepcopy(net)
    for parent in list(copied.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and not isinstance(child, EightBitLinear):
                setattr(parent, name, EightBitLinear(child))
    return copied


def run_in_whole_numbers(net: StateNet) -> StateNet:
    """Copy a trained 8-bit network so that its layers multiply 8-bit whole numbers."""
    copied: StateNet = copy.deepcopy(net).eval()
    for layer in copied.modules():
        if isinstance(layer, EightBitLinear):
            layer.in_whole_numbers = True
    return copied


def rounded_afterwards(net: StateNet, seen: Sequence[Frames]) -> StateNet:
    """Put a float network on the 8-bit grid without training; `seen` windows measure how large inputs are."""
    copied: StateNet = eight_bit(net).train()
    with torch.no_grad():
        for frames in seen:
            copied(frames)
    copied.eval()
    return copied


def linear_bytes(net: StateNet, bits: int) -> int:
    """Count the bytes of the linear layers' weights; 8-bit layers also have a float32 per output channel."""
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    steps = sum(4 * int(layer.out_features) for layer in layers) if bits < 32 else 0  # noqa: PLR2004 - no grid
    return sum(int(layer.weight.numel()) * bits // 8 for layer in layers) + steps


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--arch", type=click.Choice(ARCHS), default="mlp", show_default=True,
              help="What reads the K frames; a GRU's scan stays in float.")  # fmt: skip
@run_options(steps=800, batch_size=192)
def command(*, dataset: str, run: Run, arch: str) -> None:
    """Train a state model of DATASET in float and on the 8-bit grid, and judge both on games held out."""
    train_games, test_games = held_out(dataset)
    windows = open_states(dataset, window(_CONTEXT), train_games)
    variants: dict[str, Any] = {FLOAT: VARIANTS["ctrl(t)"], TRAINED: VARIANTS["ctrl(t)"]}
    trainee = Trainee(windows, variants, run.seed, arch=arch, context=_CONTEXT)
    trainee.use(TRAINED, eight_bit(trainee.net(FLOAT)))  # both begin with the same weights
    figures = train(run, windows, trainee, {"model": "int8", "arch": arch})
    if run.rank:
        return
    plain, trained = trainee.cpu().eval().net(FLOAT), trainee.net(TRAINED)
    tests = list(some_frames(open_states(dataset, window(_CONTEXT), test_games), _NUM_JUDGED, run.seed))
    seen = list(some_frames(windows, 1024 * _NUM_CALIBRATED, run.seed))
    nets = {FLOAT: plain, ROUNDED: run_in_whole_numbers(rounded_afterwards(plain, seen)),
            TRAINED: run_in_whole_numbers(trained)}  # fmt: skip
    found = {name: {**judge(net, tests), "bytes_of_weights": linear_bytes(net, 32 if name == FLOAT else 8)}
             for name, net in nets.items()}  # fmt: skip
    shown = {
        name: {"change_acc": one["change_acc"], "action_acc": one["action_acc"],
               "position error": one["position_mae"]["predicted"]} for name, one in found.items()
    }  # fmt: skip
    bars(run.out / "picture.png", f"Float and 8 bits on held-out games, {arch}", shown, "share, Melee units")
    say({"model": "int8", "arch": arch, **figures, "held_out": found})


if __name__ == "__main__":
    command()
