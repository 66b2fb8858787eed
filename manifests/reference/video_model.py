"""Train a small video model on latents, which predicts the next picture from earlier ones and the inputs.

Two networks are trained on the same batches, with the inputs and without; the first is also evaluated with
the inputs of other windows. It then draws a clip twice from the same seed and noise, once with one input
forced.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np
import torch
from torch import Tensor, nn

from manifests import as_dict
from manifests.reference.chart import film
from manifests.reference.diffusion import SEEN, NextLatent
from manifests.reference.frames import held_out
from manifests.reference.latent_windows import FRAME_STEP, open_windows, read_windows, some_windows
from manifests.reference.latents import read_encoder, to_pictures
from manifests.reference.loop import train
from manifests.reference.run import Run, run_options, say
from manifests.video.clip import write_mp4

if TYPE_CHECKING:
    from manifests import TensorSample

EXAMPLE: Final = """\b
Examples, after those of manifests.reference.latents:
  python -m manifests.reference.video_model dataset --latents latents \\
      --encoder encoder/encoder.npz --out video
  torchrun --nproc-per-node 2 -m manifests.reference.video_model dataset --latents latents ...
"""
WITH, WITHOUT, SHUFFLED = "with", "without", "shuffled"
_NUM_MEASURED, _NUM_JUDGED, _NUM_CLIPS, _NUM_SHOWN = 256, 4096, 4, 8
_ZOOM: Final = 4
_FORCED: Final = "p0.main_x"


class Trainee(nn.Module):
    """The networks with and without inputs, and the sum of their losses."""

    def __init__(self, first: tuple[Tensor, Tensor], seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        latents, inputs = first
        look, change = latents.std((0, 1, 3, 4)).clamp(min=1e-4), latents.diff(dim=1).std()
        shape = (latents.shape[2], latents.shape[3], latents.shape[4])
        first_net = NextLatent(shape, inputs.shape[-1], look, change)
        self.nets = nn.ModuleDict({WITH: first_net, WITHOUT: copy.deepcopy(first_net)})

    def forward(self, batch: TensorSample, noise: torch.Generator, done: float) -> Tensor:  # noqa: ARG002
        """Return the sum of both networks' losses; they begin with equal weights, and get the same noise."""
        latents, inputs = read_windows(as_dict(batch))
        seed = int(torch.randint(2**31, (), generator=noise, device=noise.device))
        loss = torch.zeros((), device=latents.device)
        for name, given in ((WITH, inputs), (WITHOUT, torch.zeros_like(inputs))):
            loss = loss + self.nets[name].loss(
                latents, given, torch.Generator(noise.device).manual_seed(seed)
            )
        return loss

    def ways(self, inputs: Tensor) -> dict[str, tuple[NextLatent, Tensor]]:
        """Return each way of predicting by name, with its network and the inputs that it gets."""
        return {
            WITH: (self.nets[WITH], inputs),
            SHUFFLED: (self.nets[WITH], inputs.roll(1, 0)),
            WITHOUT: (self.nets[WITHOUT], torch.zeros_like(inputs)),
        }


@torch.no_grad()
def judge(trainee: Trainee, tests: list[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Measure the squared error of the next latent for each way, and for copying the last latent."""
    total: dict[str, float] = {}
    for latents, inputs in tests:
        seen, then = latents[:, :SEEN], latents[:, SEEN]
        said = {name: net.expect(seen, given) for name, (net, given) in trainee.ways(inputs).items()}
        said["copy"] = seen[:, -1]
        for name, one in said.items():
            total[name] = total.get(name, 0.0) + float((one - then).square().mean()) / len(tests)
    return total


def intervene(net: NextLatent, seen: Tensor, inputs: Tensor, place: int, seed: int) -> dict[str, Any]:
    """Draw a clip from the same seed and noise as it is, with one input set to itself, and with it forced.

    `place` is the index of the input that is forced to 1, the stick fully right, in all drawn frames; its
    mean over a step's frames is forced, too.
    """
    control, forced = inputs.clone(), inputs.clone()
    for each in (place, place + inputs.shape[2] // 2):
        control[:, SEEN:, each] = inputs[:, SEEN:, each]
        forced[:, SEEN:, each] = 1
    first, again, other = (net.draw(seen, one, seed) for one in (inputs, control, forced))
    by_step = (other - first).square().mean((0, 2, 3, 4)).sqrt()
    return {
        "forced": f"{_FORCED} = 1",
        "control_largest_difference": float((again - first).abs().max()),
        "difference_by_step": [round(float(value), 5) for value in by_step[::5]],
    }


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--latents", required=True, help="Side table that farm latents wrote (a folder or URL).")
@click.option("--encoder", type=click.Path(path_type=Path), required=True,
              help="The encoder.npz that it ran.")  # fmt: skip
@click.option("--drawn", type=click.IntRange(_NUM_SHOWN), default=32, show_default=True,
              help="Pictures of the clip, 7.5 a second.")  # fmt: skip
@run_options(steps=350, batch_size=64)
def command(*, dataset: str, run: Run, latents: str, encoder: Path, drawn: int) -> None:
    """Train on DATASET's latents and inputs, judge on games held out, and draw a clip beside the truth.

    OUT/clip.mp4 has, from left to right: the truth, and what was drawn with the inputs, with those of another
    window, and without.
    """
    mean, axes = read_encoder(encoder)
    train_games, test_games = held_out(dataset)
    windows = open_windows(dataset, latents, train_games, SEEN + 1)
    measured = some_windows(windows, _NUM_MEASURED, run.seed)[0]
    channels = measured[0].shape[2]
    if channels != axes.shape[1]:
        message = (
            f"{latents} has {channels} channels, {encoder} {axes.shape[1]}: give the encoder that made it"
        )
        raise ValueError(message)
    trainee = Trainee(measured, run.seed)
    figures = train(run, windows, trainee, {"model": "video_model"})
    if run.rank:
        return
    trainee.cpu().eval()
    tests = some_windows(open_windows(dataset, latents, test_games, SEEN + 1), _NUM_JUDGED, run.seed)
    errors = judge(trainee, tests)
    long = open_windows(dataset, latents, test_games, SEEN + drawn)
    clips, inputs = some_windows(long, _NUM_CLIPS, run.seed)[0]
    shown = {"truth": clips[:1, SEEN:]} | {
        name: net.draw(clips[:1, :SEEN], given[:1], run.seed)
        for name, (net, given) in trainee.ways(inputs).items()
    }
    pictures = {name: to_pictures(one[0].numpy(), mean, axes) for name, one in shown.items()}
    apart = drawn // _NUM_SHOWN
    strips = {name: list(one[::apart][:_NUM_SHOWN]) for name, one in pictures.items()}
    film(run.out / "picture.jpg", strips)
    beside = np.concatenate(list(pictures.values()), 2).repeat(_ZOOM, 1).repeat(_ZOOM, 2)
    write_mp4(iter(beside), run.out / "clip.mp4", Fraction(60, FRAME_STEP))
    place = windows.names["action"].index(_FORCED)
    intervention = intervene(trainee.nets[WITH], clips[:, :SEEN], inputs, place, run.seed)
    say({
        "model": "video_model", "seed": run.seed, **figures,
        "held_out_mse": {name: round(value, 7) for name, value in errors.items()},
        "of_copying": {name: round(errors[name] / errors["copy"], 4) for name in (WITH, SHUFFLED, WITHOUT)},
        "intervention": intervention,
    })  # fmt: skip


if __name__ == "__main__":
    command()
