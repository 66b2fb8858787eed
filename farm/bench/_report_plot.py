"""Plots the growth that `farm bench all` measured: processor time and memory over the number of games."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def draw_scale(measured: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a PNG with a line for each step of `farm bench scale`.

    Args:
        measured: steps with their numbers of games and costs, as that bench prints them.
        path: the file.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    for step in dict.fromkeys(one["step"] for one in measured):
        own = sorted((one for one in measured if one["step"] == step), key=lambda one: one["games"])
        games = [one["games"] for one in own]
        seconds.plot(games, [one["cost"]["cpu_seconds"] for one in own], "o-", label=step)
        memory.plot(games, [one["cost"]["megabytes_peak"] for one in own], "o-", label=step)
    seconds.set(xlabel="games", ylabel="processor time, s", xscale="log", yscale="log")
    memory.set(xlabel="games", ylabel="peak memory, MB", xscale="log")
    for axes in (seconds, memory):
        axes.grid(visible=True, alpha=0.3)
    seconds.legend(fontsize="small")
    figure.savefig(path)
