"""The options that all commands of this folder share, and their last line: JSON, or an error message."""

from __future__ import annotations

import functools
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import torch
from torch import distributed

from manifests import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_RANKS: Final = (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))  # as torchrun sets them


@dataclass(frozen=True, slots=True)
class Run:
    """The options that all commands share: how long, how fast and where a model is trained."""

    out: Path
    steps: int
    batch_size: int
    learning_rate: float
    seed: int
    save_every: int
    device: str
    threads: int
    workers: int
    rank: int
    world_size: int


def run_options(steps: int, batch_size: int, learning_rate: float = 3e-3) -> Callable[..., Any]:
    """Add the options of a `Run` to a command, as its argument `run`; bad input ends it with one line."""
    options = (
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
                     help="Folder for the checkpoint and the picture; a run in it is gone on with."),
        click.option("--steps", type=click.IntRange(1), default=steps, show_default=True,
                     help="Optimiser steps."),
        click.option("--batch", "batch_size", type=click.IntRange(1), default=batch_size, show_default=True,
                     help="Windows of a step, on each rank."),
        click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=learning_rate,
                     show_default=True, help="Its height; it falls to 0 along a cosine."),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
                     help="Decides the weights at first, the windows' order, and all noise."),
        click.option("--save-every", type=click.IntRange(1), default=100, show_default=True,
                     help="Steps from one checkpoint to the next."),
        click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N; bf16 on cuda."),
        click.option("--threads", type=click.IntRange(1), default=2, show_default=True,
                     help="Threads of torch's on the CPU."),
        click.option("--workers", type=click.IntRange(0), default=0, show_default=True,
                     help="Processes that read batches ahead; 0 reads in this one."),
    )  # fmt: skip

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def wrapped(**values: Any) -> None:
            rest = {name: value for name, value in values.items() if name not in Run.__slots__}
            own = {name: value for name, value in values.items() if name in Run.__slots__}
            rank, world_size, local = (int(os.environ.get(name, at)) for name, at in _RANKS)
            if own["device"] == "cuda":
                own["device"] = f"cuda:{local}"
            with _together(own["device"], world_size):
                function(run=Run(**own, rank=rank, world_size=world_size), **rest)

        decorated = complaints(wrapped)
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def complaints(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command end with one line instead of a traceback if its input is bad."""

    @functools.wraps(function)
    def wrapped(**values: Any) -> None:
        try:
            function(**values)
        except (DatasetError, ValueError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return wrapped


@contextmanager
def _together(device: str, world_size: int) -> Iterator[None]:
    """Join the process group of the ranks that torchrun started; do nothing in a run of one process."""
    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        message = f"--device is cpu, or cuda where torch sees a GPU; got {device!r}"
        raise ValueError(message)
    if world_size > 1:
        distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield
    finally:
        if world_size > 1:
            distributed.destroy_process_group()


def say(figures: Mapping[str, Any]) -> None:
    """Print figures as one line of JSON on stdout."""
    click.echo(json.dumps(figures))
