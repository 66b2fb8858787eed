"""A stream of shuffled batches that can stop and later continue exactly there, at any number of ranks.

    stream = dataset.stream(batch_size=8, rank=rank, world_size=world_size, seed=0)
    for batch in stream: ...
    stream.state_dict()      # where all ranks are: a position in the epoch, not a history

All ranks are assumed to have taken the same number of batches, which is so after every optimiser step.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from manifests.store.read_ahead import read_ahead
from manifests.training.arguments import check_whole
from manifests.training.order import DEFAULT_APART, Order, RankShare
from manifests.training.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from manifests.training.footage import Footage
    from manifests.training.reader import Fetched
    from manifests.training.sample import Sample
    from manifests.training.windows import WindowIndex

STATE_VERSION: Final = 2
_LOG: Final = logging.getLogger(__name__)
_REMOTE_THREADS: Final = 16
_LEAST_SEED: Final = -(1 << 63)
_BLOCK: Final = 4096  # number of windows that are looked up at once

_SPEC_DEFAULTS: Final = {"actions": "last", "action_fps": None}
"""The values that hold for saved states of streams from before these options existed."""


class WindowSource(Protocol):
    """The methods that a stream needs from a dataset; `manifests.training.dataset.WindowDataset` has them."""

    @property
    def index(self) -> WindowIndex:
        """The windows, numbered."""
        ...

    @property
    def footage(self) -> Footage:
        """The games and chunks that the windows are cut from."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether windows are read over a network, so that fetching ahead pays off."""
        ...

    def settle(self) -> None:
        """Open the things that only one process can use, such as connections and a decoder."""
        ...

    def fetch_at(self, place: tuple[int, int]) -> Fetched:
        """Fetch the bytes of the window at a chunk and frame_index; several threads may call it at once."""
        ...

    def collate(self, fetched: Iterable[Fetched], size: int) -> Sample:
        """Make a batch of `size` fetched windows."""
        ...


class Stream:
    """The batches of one rank: records of arrays [batch_size, ...], see `manifests.training.sample`.

    `manifests.training.dataset.WindowDataset.stream` makes it, and explains the other arguments.

    Args:
        source: the dataset that gives the windows.
        weights: float [number of windows] or [number of games], how often each window comes; None for every
            window once.

    Raises:
        ValueError: a number is out of its range, or the weights are not valid.
    """

    def __init__(
        self, source: WindowSource, *, batch_size: int, rank: int = 0, world_size: int = 1, seed: int = 0,
        epoch: int = 0, drop_last: bool = False, weights: NDArray[np.floating[Any]] | None = None,
        num_visits: int | None = None, apart: int = DEFAULT_APART, threads: int | None = None,
    ) -> None:  # fmt: skip
        for name, value, least in (
            ("batch_size", batch_size, 1), ("rank", rank, 0), ("world_size", world_size, 1),
            ("seed", seed, _LEAST_SEED), ("epoch", epoch, 0), ("apart", apart, 1),
            ("threads", 0 if threads is None else threads, 0),
            ("num_visits", 1 if num_visits is None else num_visits, 1),
        ):  # fmt: skip
            check_whole(name, value, least)
        self.source, self.seed, self._apart = source, seed, apart
        offsets = source.index.game_offset
        self._sampling = (
            Sampling.uniform(offsets) if weights is None else Sampling.weighted(offsets, weights, num_visits)
        )
        self._sampling_sha256 = self._sampling.sha256
        self._threads = threads if threads is not None else (_REMOTE_THREADS if source.is_remote else 0)
        total = int(self._sampling.visits.sum())
        self._share = RankShare(total, batch_size, rank, world_size, 0, drop_last)
        if drop_last and total < self._share.positions_per_step:
            message = (
                f"an epoch of {total} windows does not fill one batch of {batch_size} on {world_size} ranks, "
                "and drop_last=True leaves out what does not; give a smaller batch_size, or drop_last=False"
            )
            raise ValueError(message)
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
        """Number of the epoch that the next iteration reads, from 0."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch from its start; torch's DistributedSampler has a method of the same name."""
        self._begin_at(epoch, 0)

    def _begin_at(self, epoch: int, position: int) -> None:
        self._epoch, self.step, self._is_workers_own = epoch, 0, False
        self._share = dataclasses.replace(self._share, begin=position)
        self._order = Order(self._sampling.visits, self.seed, epoch, self.source.footage.sha256, self._apart)
        self._places: dict[int, list[tuple[int, int]]] = {}

    def __len__(self) -> int:
        """Count the batches that are left of this epoch, on this rank."""
        return self._share.num_steps - self.step

    def work_as(self, worker: int, num_workers: int) -> None:
        """Yield only every `num_workers`-th batch, from the `worker`-th on, as one of several processes."""
        self._worker, self._num_workers = worker, num_workers
        # If a worker process saved this state (StatefulDataLoader does), it counts that worker's steps
        # already.
        if not self._is_workers_own:
            self.step += worker

    def __iter__(self) -> Iterator[Sample]:
        """Yield the remaining batches of the epoch; the next call begins the next epoch."""
        steps = range(self.step, self._share.num_steps, self._num_workers)
        if self._threads:
            yield from self._ahead(steps)
        else:
            self.source.settle()
            for step in steps:
                fetched = (self.source.fetch_at(place) for place in self._places_of(step))
                yield self._batch(fetched, step)
        self._begin_at(self._epoch + 1, 0)

    def _ahead(self, steps: range) -> Iterator[Sample]:
        """Yield the same batches, while threads fetch the bytes of the next windows."""
        self.source.settle()
        wanted = (place for step in steps for place in self._places_of(step))
        arriving = read_ahead(self.source.fetch_at, wanted, self._threads)
        for step in steps:
            fetched: Iterator[Fetched] = (next(arriving)[1] for _ in range(self._share.batch_size))
            yield self._batch(fetched, step)

    def _batch(self, fetched: Iterable[Fetched], step: int) -> Sample:
        batch = self.source.collate(fetched, self._share.batch_size)
        batch["is_repeat"] = self._share.batch(step)[1]
        # Counted before the batch is handed out, so that a state saved while the batch is used includes it.
        self.step = step + self._num_workers
        return batch

    def _places_of(self, step: int) -> list[tuple[int, int]]:
        """Return the chunk and frame_index of each window in this rank's batch at a step."""
        if step not in self._places:
            # The next batches need neighbouring positions, so a block of them is looked up at once.
            count = max(1, _BLOCK // self._share.batch_size)
            steps = range(step, self._share.num_steps, self._num_workers)[:count]
            positions = np.concatenate([self._share.batch(one)[0] for one in steps])
            windows = self._sampling.windows(*self._order.at(positions))
            chunks, starts = self.source.index.locate_all(windows)
            places = zip(chunks.tolist(), starts.tolist(), strict=True)
            self._places = {one: list(itertools.islice(places, self._share.batch_size)) for one in steps}
        return self._places[step]

    def state_dict(self) -> dict[str, Any]:
        """Return where the stream is in this process, ready for JSON; with workers, ask the `Loader`."""
        return {
            "version": STATE_VERSION,
            "epoch": self._epoch,
            "begin": self._share.begin,
            "step": self.step,
            "positions_per_step": self._share.positions_per_step,
            "worker": None if self._num_workers == 1 else [self._worker, self._num_workers],
            "seed": self.seed,
            "dataset_sha256": self.source.footage.sha256,
            "window": dataclasses.asdict(self.source.index.spec),
            "num_positions": self._share.num_positions,
            "sampling_sha256": self._sampling_sha256,
            "apart": self._apart,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another stream of the same order was; ranks and batch size may differ.

        Raises:
            ValueError: the state belongs to another dataset, window, seed, weights or version; or a single
                worker process saved it (as StatefulDataLoader does), and ranks or batch size differ.
        """
        ours = self.state_dict()
        state = {**state, "window": {**_SPEC_DEFAULTS, **state.get("window", {})}}
        # Ranks and batch size are not compared: a position in the order means the same for any of them.
        fixed = ("version", "seed", "dataset_sha256", "window", "num_positions", "sampling_sha256", "apart")
        if odd := [name for name in fixed if state.get(name) != ours[name]]:
            message = (
                f"the state is of another {', '.join(odd)}: {[state.get(name) for name in odd]}; open the "
                "same dataset with the same options, or begin anew"
            )
            raise ValueError(message)
        if state["positions_per_step"] == self._share.positions_per_step:
            self._begin_at(state["epoch"], state["begin"])
            self.step, self._is_workers_own = state["step"], state["worker"] is not None
            return
        if state["worker"] is not None:
            message = (
                "the state of a worker process fits the same world_size and batch_size alone; keep the state "
                "of a Loader, which fits any"
            )
            raise ValueError(message)
        position = state["begin"] + state["step"] * state["positions_per_step"]
        self._begin_at(state["epoch"], min(position, self._share.num_positions))
