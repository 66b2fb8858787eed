"""Train a model on a stream of batches, on one rank or several, and continue where a killed run stopped.

All randomness in a step follows from the seed and the step's number, so that a run which was killed and
started again has the same losses as one that was not, to all digits.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import distributed
from torch.nn.utils import parameters_to_vector, vector_to_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor, nn

    from manifests import TorchWindows
    from manifests.reference.run import Run

_WARM_UP: Final = 50  # steps until the learning rate is at its maximum
_LARGEST_GRADIENT: Final = 1.0
_LOG_EVERY: Final = 20


def train(run: Run, dataset: TorchWindows, trainee: nn.Module, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train until `run.steps` are taken, continuing from the checkpoint in `run.out` if there is one.

    Args:
        run: the options of the run, such as its number of steps and its folder.
        dataset: the windows to train on.
        trainee: a module that computes a loss from a batch, a generator for the step's noise, and the share
            of steps done.
        settings: other settings that distinguish runs; a checkpoint with different settings is refused.

    Returns:
        Figures: number of steps, first and last loss, frames/s, share of the time spent waiting for batches.

    Raises:
        ValueError: the checkpoint belongs to another run.
    """
    torch.set_num_threads(run.threads)
    trainee.to(run.device)
    loader = dataset.loader(
        batch_size=run.batch_size, num_workers=run.workers, rank=run.rank, world_size=run.world_size,
        seed=run.seed, drop_last=True, apart=max(256, run.batch_size * run.world_size),
        pin_memory=run.device != "cpu",
    )  # fmt: skip
    optimiser = torch.optim.AdamW(trainee.parameters(), run.learning_rate)
    same = {**settings, "steps": run.steps, "batch": run.batch_size * run.world_size, "seed": run.seed,
            "learning_rate": run.learning_rate, "games": dataset.windows.footage.sha256}  # fmt: skip
    path, losses = run.out / "checkpoint.pt", list[float]()
    if path.exists():
        saved = torch.load(path, map_location=run.device, weights_only=True)
        if odd := [name for name in same if saved["settings"].get(name) != same[name]]:
            message = f"{path} is of a run with another {', '.join(odd)}: give another --out, or delete it"
            raise ValueError(message)
        trainee.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        loader.load_state_dict(saved["loader"])
        losses = saved["losses"]

    def save() -> None:
        if run.rank:
            return
        run.out.mkdir(parents=True, exist_ok=True)
        state = {"model": trainee.state_dict(), "optimiser": optimiser.state_dict(), "losses": losses,
                 "loader": loader.state_dict(), "settings": same}  # fmt: skip
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)  # atomic: after a kill there is the old file or the new one

    if run.world_size > 1:
        _start_alike(trainee)
    began, began_cpu, waited, first = time.monotonic(), time.process_time(), 0.0, len(losses)
    with _telling(run, first) as tell:
        while len(losses) < run.steps:
            batches, asked = iter(loader), time.monotonic()
            for batch in batches:
                waited += time.monotonic() - asked
                losses.append(_step(run, trainee, optimiser, batch, len(losses)))
                if len(losses) % run.save_every == 0 or len(losses) == run.steps:
                    save()
                tell(len(losses), losses[-1])
                if len(losses) == run.steps:
                    break
                asked = time.monotonic()
    seconds, taken = time.monotonic() - began, len(losses) - first
    frames = taken * run.batch_size * run.world_size * dataset.windows.index.spec.window
    return {
        "steps": len(losses), "first_loss": losses[0], "last_loss": losses[-1], "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time() - began_cpu, 1),
        "frames_per_second": round(frames / seconds), "share_waiting_for_data": round(waited / seconds, 3),
    }  # fmt: skip


def _start_alike(trainee: nn.Module) -> None:
    """Give every rank the parameters of the first rank."""
    for parameter in trainee.parameters():
        distributed.broadcast(parameter.detach(), 0)


def _average_gradients(trainee: nn.Module, world_size: int) -> None:
    """Replace each rank's gradients by their mean over all ranks; a head that no loss used counts as zero.

    DistributedDataParallel would do this while gradients are still being computed. But it keeps the process
    group alive after `destroy_process_group` (torch 2.13): gloo's threads then still exist when the
    interpreter ends, and sometimes abort a run that is done.
    """
    parameters = list(trainee.parameters())
    gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in parameters]
    mean = parameters_to_vector(gradients)
    distributed.all_reduce(mean)
    vector_to_parameters(mean / world_size, gradients)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def _step(
    run: Run, trainee: nn.Module, optimiser: torch.optim.Optimizer, batch: Mapping[str, Tensor], step: int
) -> float:
    """Take one step; return the loss over all ranks."""
    noise = torch.Generator(run.device).manual_seed((run.seed * 1_000_003 + step) * 1_009 + run.rank)
    batch = {name: value.to(run.device, non_blocking=True) for name, value in batch.items()}
    with torch.autocast("cuda", torch.bfloat16, enabled=run.device.startswith("cuda")):
        loss: Tensor = trainee(batch, noise, step / run.steps)
    optimiser.zero_grad()
    loss.backward()
    if run.world_size > 1:
        _average_gradients(trainee, run.world_size)
    torch.nn.utils.clip_grad_norm_(trainee.parameters(), _LARGEST_GRADIENT)
    done = torch.tensor(step / run.steps)
    rate = run.learning_rate * min(1.0, (step + 1) / _WARM_UP) * float(0.5 + 0.5 * torch.cos(torch.pi * done))
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    shown = loss.detach().clone()
    if run.world_size > 1:
        distributed.all_reduce(shown)
    return float(shown) / run.world_size


@contextmanager
def _telling(run: Run, done: int) -> Iterator[Callable[[int, float], None]]:
    """Report progress on stderr: as a bar on a terminal, otherwise as a line of log now and then."""
    console = Console(stderr=True)
    if run.rank:
        yield lambda _step, _loss: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("training", total=run.steps, completed=done)
            yield lambda step, loss: bar.update(task, completed=step, description=f"loss {loss:.4f}")
    else:

        def log(step: int, loss: float) -> None:
            if step % min(_LOG_EVERY, run.save_every) == 0 or step == run.steps:
                console.print(f"step {step} of {run.steps}: loss {loss:.4f}", highlight=False)

        yield log
