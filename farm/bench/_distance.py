"""Times windows of a dataset on S3 against the same dataset in a folder, with and without prefetch."""

from __future__ import annotations

import os
import statistics
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.bench._latency import latency
from farm.bench._window_times import WindowTimes, timed
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.training.dataset import WindowDataset
    from manifests.training.sample import Sample

_ENDPOINT = "AWS_ENDPOINT_URL_S3"
_ROUNDS = 3
_BATCH = 8
_THREADS = 16
_BEGIN = 48
"""Windows read before the clock starts: as many as are prefetched, so that the buffer stays equally full."""


@dataclass(frozen=True, slots=True)
class Distance:
    """One comparison of a dataset on S3 with the same one in a folder.

    Attributes:
        root: the dataset in a folder.
        remote: URL of the same dataset on S3.
        latency_ms: milliseconds added to every request.
        window: frames of a window.
        num_windows: windows read per round.
        cache: folder for the packed states.
        core: the one core that everything runs on, except the proxy that adds latency; None for any core.
        server_pid: process id of the S3 server, whose processor time is reported; None if it runs elsewhere.
    """

    root: Path
    remote: str
    latency_ms: float
    window: int
    num_windows: int
    cache: Path
    core: int | None = None
    server_pid: int | None = None

    def measure(self) -> dict[str, Any]:
        """Read windows from the folder, from S3, and from S3 without prefetch; return the figures.

        `remote_to_local` is the windows per second from S3 divided by those from the folder.

        Raises:
            EnvironmentFailed: AWS_ENDPOINT_URL_S3 is not set.
            DatasetError: one of the datasets cannot be read.
        """
        ways: dict[str, tuple[Path | str, int]] = {
            "local": (self.root, 0),
            "remote": (self.remote, _THREADS),
            "remote_without_prefetch": (self.remote, 0),
        }
        paces: dict[str, list[WindowTimes]] = {name: [] for name in ways}
        server_seconds = 0.0
        with self._further_away():
            for round_number in range(_ROUNDS):
                for name, (url, threads) in ways.items():
                    dataset = self._opened(url)
                    if not round_number:
                        _pack_states(dataset)
                    batches = iter(dataset.stream(batch_size=_BATCH, threads=threads))
                    _read(batches, _BEGIN)
                    before = _cpu_seconds(self.server_pid)
                    paces[name].append(timed(partial(_read, batches, self.num_windows), self.num_windows))
                    if name == "remote":
                        server_seconds += _cpu_seconds(self.server_pid) - before
        found: dict[str, Any] = {
            name: sorted(rounds, key=lambda pace: pace.wall_seconds)[_ROUNDS // 2].figures()
            for name, rounds in paces.items()
        }
        if self.server_pid is not None:
            found["server_cpu_ms_per_window"] = round(1000 * server_seconds / (_ROUNDS * self.num_windows), 2)
        found["latency_ms"], found["core"] = self.latency_ms, self.core
        found["remote_to_local"] = round(_ratio(paces["local"], paces["remote"]), 3)
        return found

    def _opened(self, url: Path | str) -> WindowDataset:
        """Open a dataset with packed states in the cache, as in any epoch after the first, but no video."""
        dataset = open_dataset(url, window=self.window, cache=Cache(self.cache), as_torch=False)
        dataset.reader.cache_video = False
        return dataset

    @contextmanager
    def _further_away(self) -> Iterator[None]:
        usual, cores = os.environ.get(_ENDPOINT), os.sched_getaffinity(0)
        if usual is None:
            message = f"{_ENDPOINT} is not set; name the S3 server there, as http://HOST:PORT"
            raise EnvironmentFailed(message)
        if self.core is not None:
            os.sched_setaffinity(0, cores - {self.core} or cores)  # for the proxy, which inherits these cores
        with latency(usual, self.latency_ms / 1000) as endpoint:
            os.environ[_ENDPOINT] = endpoint
            try:
                if self.core is not None:
                    os.sched_setaffinity(0, {self.core})
                yield
            finally:
                os.environ[_ENDPOINT] = usual
                os.sched_setaffinity(0, cores)


def _read(batches: Iterator[Sample], num_windows: int) -> int:
    """Read at least a number of windows, in whole batches; return the number of frames."""
    videos = (next(batches)["video"] for _ in range(-(-num_windows // _BATCH)))
    return sum(video.shape[0] * video.shape[1] for video in videos)


def _pack_states(dataset: WindowDataset) -> None:
    reader = dataset.reader
    for chunk in range(dataset.footage.grid.game.size):
        first = int(dataset.index.chunk_offset[chunk])
        if first < int(dataset.index.chunk_offset[chunk + 1]):
            reader.fetch(*dataset.index.locate(first))


def _ratio(ours: list[WindowTimes], theirs: list[WindowTimes]) -> float:
    """Return their windows per second divided by ours, as the median over rounds.

    A busy machine slows both measurements of a round alike.
    """
    return statistics.median(
        near.wall_seconds / far.wall_seconds for near, far in zip(ours, theirs, strict=True)
    )


def _cpu_seconds(process_id: int | None) -> float:
    """Return the processor seconds that a process has used so far, from /proc; 0 for None."""
    if process_id is None:
        return 0.0
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
