"""Fit a small encoder of pictures, which `farm latents` then runs over a dataset.

Each patch of 8 x 8 pixels becomes a few numbers: its components along the main axes of how patches look, and
of how they change (a principal component analysis). The axes are orthonormal, so an error in latents is the
same error in pictures, and decoding multiplies by the transposed matrix. In a real project a trained
autoencoder would take its place.
"""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from manifests import Pictures, WindowSpec, open_dataset
from manifests.reference.chart import film
from manifests.reference.frames import held_out
from manifests.reference.run import complaints, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

EXAMPLE: Final = """\b
Example, with the encoding that follows:
  python -m manifests.reference.latents dataset --out encoder
  REFERENCE_ENCODER=encoder/encoder.npz farm latents dataset latents \\
      --encoder manifests.reference.latents:encode --size 60x80
"""
SIZE: Final = (60, 80)
"""The (height, width) of the pictures that the encoder takes."""
PATCH: Final = 8
GRID: Final = (7, 10)
"""Rows and columns of patches: the last four rows of a picture, with the stand-in's stamp, are left out."""
_VARIABLE: Final = "REFERENCE_ENCODER"
_NUM_FITTED, _NUM_JUDGED = 100, 20  # windows of eight pictures, from key frames on
_PICTURES: Final = 8
_APART: Final = 23  # number of pairs from one shown pair to the next
_WHITE: Final = 255.0


def encode(pictures: Any) -> Any:
    """Encode pictures, uint8 [N, 3, 60, 80] (an array or a tensor), as float16 [N, channels, 7, 10].

    The environment variable REFERENCE_ENCODER names the encoder's file.
    """
    values = np.asarray(pictures.cpu() if hasattr(pictures, "cpu") else pictures)
    return to_latents(values, *_encoder(os.environ.get(_VARIABLE, ""))).astype(np.float16)


@cache
def _encoder(path: str) -> tuple[Floats, Floats]:
    return read_encoder(Path(path))


def read_encoder(path: Path) -> tuple[Floats, Floats]:
    """Read an encoder's mean patch, [192], and its axes, [192, channels].

    Raises:
        ValueError: there is no such file.
    """
    if not path.is_file():
        message = (
            f"no encoder at {str(path)!r}: make one with python -m manifests.reference.latents, and name its "
            f"encoder.npz (farm latents reads the variable {_VARIABLE})"
        )
        raise ValueError(message)
    try:
        with np.load(path) as file:
            return file["mean"], file["axes"]
    except (ValueError, OSError, KeyError, TypeError) as error:
        message = f"{path}: not the encoder.npz that manifests.reference.latents writes"
        raise ValueError(message) from error


def to_patches(pictures: NDArray[np.uint8]) -> Floats:
    """Cut pictures, uint8 [N, 3, 60, 80], into patches, float32 [N, 7, 10, 192] of 0 to 1.

    Raises:
        ValueError: the pictures have another size.
    """
    if pictures.shape[-2:] != SIZE:
        message = (
            f"the encoder takes pictures of {SIZE}, got {pictures.shape[-2:]}: give farm latents --size 60x80"
        )
        raise ValueError(message)
    rows, columns = GRID
    kept = pictures[:, :, : rows * PATCH, : columns * PATCH].astype(np.float32) / _WHITE
    cells = kept.reshape(-1, 3, rows, PATCH, columns, PATCH)
    return np.ascontiguousarray(cells.transpose(0, 2, 4, 1, 3, 5)).reshape(-1, rows, columns, 3 * PATCH**2)


def to_latents(pictures: NDArray[np.uint8], mean: Floats, axes: Floats) -> Floats:
    """Encode pictures, uint8 [N, 3, 60, 80], as float32 [N, channels, 7, 10]."""
    return np.moveaxis((to_patches(pictures) - mean) @ axes, -1, 1).astype(np.float32)


def to_pictures(latents: Floats, mean: Floats, axes: Floats) -> NDArray[np.uint8]:
    """Decode latents, [N, channels, 7, 10], into pictures, uint8 [N, 56, 80, 3]."""
    rows, columns = GRID
    patches = np.moveaxis(latents, 1, -1).astype(np.float32) @ axes.T + mean
    cells = patches.reshape(-1, rows, columns, 3, PATCH, PATCH).transpose(0, 1, 4, 2, 5, 3)
    whole = np.ascontiguousarray(cells).reshape(-1, rows * PATCH, columns * PATCH, 3)
    return (whole.clip(0, 1) * _WHITE).round().astype(np.uint8)


def fit(pairs: NDArray[np.uint8], channels: int) -> tuple[Floats, Floats]:
    """Fit the mean patch and the axes to pairs of pictures, uint8 [N, 2, 3, 60, 80], a few frames apart."""
    before, after = (to_patches(pairs[:, step]).reshape(-1, 3 * PATCH**2) for step in (0, 1))
    mean = before.mean(0)
    looks, changes = (np.cov(values, rowvar=False) for values in (before, after - before))
    # Half of the weight is on how patches look, mostly the stage, and half on how they change, mostly the
    # game.
    _, axes = np.linalg.eigh(looks / np.trace(looks) + changes / np.trace(changes))
    return mean, np.ascontiguousarray(axes[:, ::-1][:, :channels].astype(np.float32))


def read_pairs(url: str, games: str, number: int, seed: int) -> NDArray[np.uint8]:
    """Read pairs of pictures four frames apart from `number` windows, uint8 [N, 2, 3, 60, 80]."""
    at_key_frames = WindowSpec(_PICTURES, frame_step=4, start="any", stride=30)
    dataset = open_dataset(url, window=at_key_frames, fields=["video"], filter=games,
                           pictures=Pictures(size=SIZE), as_torch=False)  # fmt: skip
    batches = zip(range(number), dataset.stream(batch_size=1, seed=seed), strict=False)
    videos = [batch["video"][0] for _, batch in batches]
    return np.concatenate([np.stack([video[:-1], video[1:]], 1) for video in videos])


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="Folder for encoder.npz.")  # fmt: skip
@click.option("--channels", type=click.IntRange(1, 3 * PATCH**2), default=32, show_default=True,
              help="Numbers that a patch of 8 x 8 pixels becomes.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="Decides which pictures are read.")  # fmt: skip
@complaints
def command(*, dataset: str, out: Path, channels: int, seed: int) -> None:
    """Fit an encoder of pictures to DATASET, and judge it on games held out: what decoding gives back."""
    train_games, test_games = held_out(dataset)
    mean, axes = fit(read_pairs(dataset, train_games, _NUM_FITTED, seed), channels)
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "encoder.npz", mean=mean, axes=axes)
    tests = read_pairs(dataset, test_games, _NUM_JUDGED, seed)
    true = [to_patches(tests[:, step]) for step in (0, 1)]
    back = [(patches - mean) @ axes @ axes.T + mean for patches in true]
    error = np.square(back[1] - true[1]).mean(-1)
    moves = np.square(true[1] - true[0]).mean(-1) > np.square(true[1] - true[0]).mean()
    shown = to_pictures(to_latents(tests[::_APART, 1], mean, axes), mean, axes)
    whole = np.moveaxis(tests[::_APART, 1, :, : shown.shape[1]], 1, -1)
    film(out / "picture.jpg", {"picture": list(whole), "decoded": list(shown)})
    figures = {
        "encoder": str(out / "encoder.npz"), "channels": channels, "pictures_fitted": _PICTURES * _NUM_FITTED,
        "numbers_a_picture": channels * GRID[0] * GRID[1], "psnr_db": _decibel(error.mean()),
        "psnr_db_where_it_moves": _decibel(error[moves].mean()),
    }  # fmt: skip
    say({"model": "latents", **figures})


def _decibel(error: float) -> float:
    return round(-10 * math.log10(max(float(error), 1e-12)), 2)


if __name__ == "__main__":
    command()
