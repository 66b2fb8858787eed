"""Weigh windows by what they show, so that rare characters, rare actions or damage are seen more often.

"action" and "damage" weigh frames, and a window's weight is the average of its frames. Both need the states
of every chunk, which are read once, a chunk at a time, as packed rows. The weights are then cached, so that
other ranks, worker processes and later runs need not read the states again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.store.read_ahead import read_ahead
from manifests.training.sampling import (
    by_balance,
    by_character,
    count_actions,
    damage,
    rarity,
    told_apart,
    window_means,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from manifests.training.reader import SampleReader
    from manifests.training.sampling import Weights
    from manifests.training.windows import WindowIndex

_NAMES: Final = ("character", "action", "damage")
_VERSION: Final = 2
"""Part of the cache's keys; raise it whenever the meaning of a weight's name changes."""
_THREADS: Final = 8


def window_weights(
    reader: SampleReader, index: WindowIndex, wanted: str | Mapping[str, float]
) -> NDArray[np.floating[Any]]:
    """Weigh all windows of a dataset by what they show.

    Args:
        reader: reads the states; it also has the games and the cache.
        index: the windows to be weighed.
        wanted: "character": every character is seen about as often as any other; a mapping: weight by
            character, 1 for those not named; "action": windows of rare action states, by the square root of
            how rare; "damage": a frame in which somebody's percent rises counts ten times.

    Returns:
        float64 [number of games] for weights by character ([number of windows] if there are as many windows),
        float32 [number of windows] for the others.

    Raises:
        ValueError: there are no weights with that name.
        StoreFailed, RecordRefused: the states cannot be read.
    """
    offsets = index.game_offset
    characters = reader.footage.games["characters"].to_pylist()
    if not isinstance(wanted, str):
        return told_apart(by_character(characters, wanted), offsets)
    if wanted == "character":
        return told_apart(by_balance(characters, offsets), offsets)
    if wanted not in _NAMES:
        message = f"weights by name are {', '.join(_NAMES)}, got {wanted!r}"
        raise ValueError(message)
    key = f"weights {_VERSION} {wanted} {reader.footage.sha256} {index.spec}"
    if reader.cache is not None and (data := reader.cache.read_sealed(key)) is not None:
        return np.frombuffer(data, np.float32)
    of_frames = _by_action(reader) if wanted == "action" else _by_damage(reader)
    weights = _of_windows(index, of_frames)
    reader.keep(key, weights.tobytes())
    return weights


def _by_action(reader: SampleReader) -> Iterator[Weights]:
    # Two passes over the states, because the rarity of an action is known only once all actions are counted.
    counts = np.zeros(1, np.int64)
    for actions in _columns(reader, "p0.action", "p1.action"):
        counts = counts + count_actions(actions)
    return (rarity(actions, counts) for actions in _columns(reader, "p0.action", "p1.action"))


def _by_damage(reader: SampleReader) -> Iterator[Weights]:
    return (damage(percents) for percents in _columns(reader, "p0.percent", "p1.percent"))


def _columns(reader: SampleReader, *names: str) -> Iterator[NDArray[Any]]:
    """Yield the named columns of each chunk in turn, [T, len(names)]."""
    chunks = range(reader.footage.grid.game.size)
    for _, table in read_ahead(reader.states.table, chunks, _THREADS):
        yield np.stack([table.values(name) for name in names], axis=1)


def _of_windows(index: WindowIndex, of_frames: Iterator[Weights]) -> NDArray[np.float32]:
    """Average the weights of each chunk's frames over the steps of its windows, float32 [num_windows]."""
    spec, grid = index.spec, index.grid
    # Context and stacked pictures come before the steps to learn from, and do not count.
    steps = (spec.num_seen - spec.window + np.arange(spec.window, dtype=np.int64)) * spec.frame_step
    weights = np.empty(index.num_windows, np.float32)
    for chunk, frames in enumerate(of_frames):
        windows = slice(int(index.chunk_offset[chunk]), int(index.chunk_offset[chunk + 1]))
        weights[windows] = window_means(frames, grid.starts(spec, chunk), steps)
    return weights
