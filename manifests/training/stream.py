"""Batches of an epoch in its order, for one rank: what stops and goes on exactly, at any number of ranks.

    stream = dataset.stream(batch_size=8, rank=rank, world_size=world_size, seed=0)
    for batch in stream: ...
    stream.state_dict()      # where all ranks are: a position in the epoch, not a history

All ranks are assumed to have taken the same number of batches, as they have at every optimiser step.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.store.read_ahead import read_ahead
from manifests.training.order import DEFAULT_APART, Order, RankShare
from manifests.training.sampling import Sampling
from manifests.training.weights import window_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from manifests.training.dataset import WindowDataset
    from manifests.training.reader import Fetched

STATE_VERSION: Final = 2
_LOG: Final = logging.getLogger(__name__)
_REMOTE_THREADS: Final = 16
_BLOCK: Final = 4096  # positions looked up at once


class Stream:
    """An iterable of batches; each is a dict of arrays [batch_size, ...], as `WindowDataset` gives samples.

    `is_repeat`, bool [batch_size], marks what only fills up the last batch.

    Args:
        dataset: to read from.
        batch_size: windows per batch of this rank.
        rank: from 0.
        world_size: number of ranks.
        seed: of the order.
        epoch: from 0.
        drop_last: leave out what does not fill a batch on every rank, instead of repeating.
        weights: "character", "action", "damage" or a weight by character, see `manifests.training.weights`;
            or float64 [len(dataset)]; None: every window once.
        num_visits: windows of an epoch when weighted; as many as there are by default.
        apart: neighbouring positions of the order that hold no game twice, as far as games suffice; at least
            batch_size * world_size, or a batch may. Part of the order, so not chosen by the number of ranks.
        threads: that fetch ahead; by default none for a local store, 16 for a remote one.

    Raises:
        ValueError: a number out of its range.
    """

    def __init__(
        self, dataset: WindowDataset, *, batch_size: int, rank: int = 0, world_size: int = 1, seed: int = 0,
        epoch: int = 0, drop_last: bool = False,
        weights: str | Mapping[str, float] | NDArray[np.float64] | None = None,
        num_visits: int | None = None, apart: int = DEFAULT_APART, threads: int | None = None,
    ) -> None:  # fmt: skip
        self.dataset, self.seed, self._apart = dataset, seed, apart
        offsets = dataset.index.game_offset
        if isinstance(weights, str | Mapping):
            weights = window_weights(dataset, weights)
        self._sampling = (
            Sampling.uniform(offsets) if weights is None else Sampling.weighted(offsets, weights, num_visits)
        )
        self._sampling_sha256 = self._sampling.sha256
        self._threads = threads if threads is not None else (_REMOTE_THREADS if "://" in dataset.url else 0)
        total = int(self._sampling.visits.sum())
        self._share = RankShare(total, batch_size, rank, world_size, 0, drop_last)
        self._worker, self._num_workers = 0, 1
        if self._share.positions_per_step > apart:
            _LOG.warning(
                "batches of %d on all ranks, but only %d neighbouring windows are of different games: "
                "give apart=%d (another order)",
                self._share.positions_per_step, apart, self._share.positions_per_step,
            )  # fmt: skip
        self._begin_at(epoch, 0)

    @property
    def epoch(self) -> int:
        """The epoch that the next iteration is of."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch from its start, as DistributedSampler's method of that name."""
        self._begin_at(epoch, 0)

    def _begin_at(self, epoch: int, position: int) -> None:
        self._epoch, self.step, self._is_workers_own = epoch, 0, False
        self._share = dataclasses.replace(self._share, begin=position)
        self._order = Order(self._sampling.visits, self.seed, epoch, self.dataset.footage.sha256, self._apart)
        self._block: tuple[int, NDArray[np.int64]] = (0, np.zeros(0, np.int64))

    def __len__(self) -> int:
        """Batches that are left of this epoch, on this rank; the attribute `step` counts those given."""
        return self._share.num_steps - self.step

    def work_as(self, worker: int, num_workers: int) -> None:
        """Give only every `num_workers`-th batch, from the `worker`-th on: what one loader process does."""
        self._worker, self._num_workers = worker, num_workers
        if not self._is_workers_own:
            self.step += worker

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go on from where the stream is to the end of the epoch; the next epoch comes with the next call."""
        steps = range(self.step, self._share.num_steps, self._num_workers)
        if self._threads:
            yield from self._ahead(steps)
        else:
            self.dataset.reader.settle()
            for step in steps:
                positions, is_repeat = self._share.batch(step)
                places = [self.dataset.index.locate(int(window)) for window in self._windows(positions)]
                fetched = (self.dataset.reader.fetch(*place) for place in places)
                batch = self.dataset.collate(fetched, len(places))
                self.step = step + self._num_workers
                yield {**batch, "is_repeat": is_repeat}
        self._begin_at(self._epoch + 1, 0)

    def _ahead(self, steps: range) -> Iterator[dict[str, Any]]:
        """The same with the bytes of the next windows fetched on threads meanwhile."""
        reader, index, size = self.dataset.reader, self.dataset.index, self._share.batch_size
        reader.settle()

        def places() -> Iterator[tuple[int, int]]:
            for step in steps:
                for window in self._windows(self._share.batch(step)[0]):
                    yield index.locate(int(window))

        arriving = read_ahead(lambda place: reader.fetch(*place), places(), self._threads)
        for step in steps:
            fetched: Iterator[Fetched] = (next(arriving)[1] for _ in range(size))
            batch = self.dataset.collate(fetched, size)
            self.step = step + self._num_workers
            yield {**batch, "is_repeat": self._share.batch(step)[1]}

    def _windows(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The windows at some positions of the epoch."""
        start, block = self._block
        low, high = int(positions.min()), int(positions.max()) + 1
        if not start <= low <= high <= start + block.size:
            if high - low > max(
                _BLOCK, self._share.positions_per_step
            ):  # a batch filled up with the beginning
                return np.concatenate([self._windows(positions[k : k + 1]) for k in range(positions.size)])
            end = min(max(high, low + _BLOCK), self._order.num_positions)
            start, block = low, self._sampling.windows(*self._order.slice(low, end))
            self._block = (start, block)
        return block[positions - start]

    def state_dict(self) -> dict[str, Any]:
        """Where the stream is, JSON-ready: in this process. `Loader` knows it of worker processes."""
        return {
            "version": STATE_VERSION,
            "epoch": self._epoch,
            "begin": self._share.begin,
            "step": self.step,
            "positions_per_step": self._share.positions_per_step,
            "worker": None if self._num_workers == 1 else [self._worker, self._num_workers],
            "seed": self.seed,
            "dataset_sha256": self.dataset.footage.sha256,
            "window": dataclasses.asdict(self.dataset.index.spec),
            "num_positions": self._share.num_positions,
            "sampling_sha256": self._sampling_sha256,
            "apart": self._apart,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where another stream of the same order was; ranks and batch size may differ.

        Raises:
            ValueError: a state of another dataset, window, seed, weights or version; or one of a single
                worker process (StatefulDataLoader's) for other ranks or batches: only a `Loader`'s fits any.
        """
        ours = self.state_dict()
        fixed = ("version", "seed", "dataset_sha256", "window", "num_positions", "sampling_sha256", "apart")
        if odd := [name for name in fixed if state.get(name) != ours[name]]:
            message = f"the state is of another {', '.join(odd)}: {[state.get(name) for name in odd]}"
            raise ValueError(message)
        if state["positions_per_step"] == self._share.positions_per_step:
            self._begin_at(state["epoch"], state["begin"])
            self.step, self._is_workers_own = state["step"], state["worker"] is not None
            return
        if state["worker"] is not None:
            message = "a worker's state fits the same ranks and batch size alone; keep the state of a Loader"
            raise ValueError(message)
        position = state["begin"] + state["step"] * state["positions_per_step"]
        self._begin_at(state["epoch"], min(position, self._share.num_positions))
