"""Weights of windows by what they show: rare characters, rare actions, damage; for `stream(weights=...)`.

"action" and "damage" weigh frames, and a window weighs what its frames do on average. They need the states of
every chunk, which are read once, a chunk at a time, through the packed rows; the weights are then cached, so
that ranks, workers and later runs need not read them again.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.store.read_ahead import read_ahead
from manifests.training.fields import Fields
from manifests.training.sampling import by_balance, by_character, count_actions, damage, rarity, window_means

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from manifests.training.dataset import WindowDataset
    from manifests.training.sampling import Weights

_NAMES: Final = ("character", "action", "damage")
_VERSION: Final = 1
"""Part of the cache's keys: raise it with any change of what a name means."""
_THREADS: Final = 8


def window_weights(dataset: WindowDataset, wanted: str | Mapping[str, float]) -> Weights:
    """Weights of all windows of a dataset.

    Args:
        dataset: whose windows.
        wanted: "character": every character is seen about as often as any other; a mapping: weight by
            character, 1 for those not named; "action": windows of rare action states, by the square root of
            how rare; "damage": a frame in which somebody's percent rises counts ten times.

    Returns:
        float64 [len(dataset)].

    Raises:
        ValueError: no such name.
        StoreFailed, RecordRefused: the states cannot be read.
    """
    offsets = dataset.index.game_offset
    characters = dataset.games["characters"].to_pylist()
    if not isinstance(wanted, str):
        return by_character(characters, offsets, wanted)
    if wanted == "character":
        return by_balance(characters, offsets)
    if wanted not in _NAMES:
        message = f"weights by name are {', '.join(_NAMES)}, got {wanted!r}"
        raise ValueError(message)
    cache = dataset.reader.cache
    key = f"weights {_VERSION} {wanted} {dataset.footage.sha256} {dataset.index.spec}"
    if cache is not None and (data := cache.read(key)) is not None:
        return np.frombuffer(data, np.float64)
    weights = _by_action(dataset) if wanted == "action" else _by_damage(dataset)
    dataset.reader.keep(key, weights.tobytes())
    return weights


def _by_action(dataset: WindowDataset) -> Weights:
    counts = np.zeros(1, np.int64)
    for actions in _columns(dataset, "p0.action", "p1.action"):
        counts = counts + count_actions(actions)
    frames = (rarity(actions, counts) for actions in _columns(dataset, "p0.action", "p1.action"))
    return _of_windows(dataset, frames)


def _by_damage(dataset: WindowDataset) -> Weights:
    return _of_windows(
        dataset, (damage(percents) for percents in _columns(dataset, "p0.percent", "p1.percent"))
    )


def _columns(dataset: WindowDataset, *names: str) -> Iterator[NDArray[Any]]:
    """[T, len(names)] of each chunk in turn."""
    fields = Fields(names)
    reader = dataclasses.replace(dataset.reader, fields=fields, with_video=False)
    chunks = range(dataset.footage.grid.game.size)
    for _, rows in read_ahead(reader.rows, chunks, _THREADS):
        yield np.stack([rows[name] for name in names], axis=1)


def _of_windows(dataset: WindowDataset, of_frames: Iterator[Weights]) -> Weights:
    spec, grid = dataset.index.spec, dataset.footage.grid
    steps = (spec.num_seen - spec.window + np.arange(spec.window, dtype=np.int64)) * spec.frame_step
    means = [window_means(frames, grid.starts(spec, chunk), steps) for chunk, frames in enumerate(of_frames)]
    return np.concatenate(means)
