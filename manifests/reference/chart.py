"""Draw bar and line charts as small PNGs, and film strips as JPEGs. This module is a door to matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def bars(path: Path, title: str, figures: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """Draw groups of bars: one group per name, with one bar per name of the inner mapping.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(7.2, 3.2), dpi=90, layout="constrained")
    axes = figure.subplots()
    names = list(next(iter(figures.values())))
    width = 0.8 / len(figures)
    for place, (label, values) in enumerate(figures.items()):
        heights = [values[name] for name in names]
        starts = [group + (place - (len(figures) - 1) / 2) * width for group in range(len(names))]
        drawn = axes.bar(starts, heights, width, label=label)
        axes.bar_label(drawn, fmt="%.3g", fontsize=7)
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set(title=title, ylabel=unit)
    axes.legend(fontsize=8)
    _save(figure, path)


def lines(
    path: Path, title: str, figures: Mapping[str, Sequence[float]], across: str, unit: str,
    at: Sequence[float] | None = None,
) -> None:  # fmt: skip
    """Draw one line per name over 0, 1, 2 ..., or over the positions `at`.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(7.2, 3.2), dpi=90, layout="constrained")
    axes = figure.subplots()
    for label, values in figures.items():
        axes.plot(range(len(values)) if at is None else at, values, label=label, marker=".")
    axes.set(title=title, xlabel=across, ylabel=unit)
    axes.legend(fontsize=8)
    _save(figure, path)


def film(path: Path, rows: Mapping[str, Sequence[NDArray[np.uint8]]]) -> None:
    """Draw rows of pictures, uint8 [H, W, 3] each, with a name before each row, as a JPEG.

    Raises:
        OSError: the file cannot be written.
    """
    columns = len(next(iter(rows.values())))
    figure = Figure(figsize=(1.0 * columns + 0.4, 0.72 * len(rows)), dpi=90, layout="constrained")
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=7)
        for place, picture in zip(line, pictures, strict=True):
            place.imshow(picture)
            place.set(xticks=[], yticks=[])
    _save(figure, path, "jpg")


def _save(figure: Figure, path: Path, kind: str = "png") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format=kind, metadata={"Software": None} if kind == "png" else None)
