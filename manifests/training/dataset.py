"""All windows of a dataset as NumPy arrays, by number or as a stream of shuffled batches.

This module needs only NumPy, PyAV and pyarrow; `manifests.training.torch_windows` gives the same as tensors.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

import numpy as np

from manifests.side_tables.contract import Span
from manifests.training.arguments import check_whole
from manifests.training.buffers import BufferPool
from manifests.training.fields import VIDEO
from manifests.training.order import DEFAULT_APART
from manifests.training.stream import Stream
from manifests.training.weights import window_weights
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from manifests.training.footage import Footage
    from manifests.training.reader import Fetched, SampleReader
    from manifests.training.sample import Sample
    from manifests.training.windows import WindowIndex

    Arrays = dict[str, NDArray[Any]]
    Transform: TypeAlias = Callable[[Sample], Mapping[str, Any]]
    """A user's function that turns each sample into the value that the loader should give in its place."""
    WeightsWanted: TypeAlias = (
        Literal["character", "action", "damage"] | Mapping[str, float] | NDArray[np.floating[Any]]
    )
    """What `manifests.training.weights.window_weights` takes, or an array of weights per window or game."""


class WindowDataset:
    """All windows of a dataset, or of a part of it, by number. It may be pickled.

    `manifests.training.open.open_dataset` makes one.

    Attributes:
        footage: the games, chunks and GOPs.
        index: the windows.
        reader: reads samples.
        names: names of the places along the last axis of each array: names["state"][d], names["action"][d].
    """

    def __init__(
        self, footage: Footage, index: WindowIndex, reader: SampleReader, transform: Transform | None = None
    ) -> None:
        self.footage, self.index, self.reader, self._transform = footage, index, reader, transform
        self._pool = BufferPool()
        self.names: Mapping[str, tuple[str, ...]] = {**reader.fields.columns_of(), **reader.joins.names()}

    @property
    def url(self) -> str:
        """The path or URL of the dataset."""
        return self.reader.store.url

    @property
    def is_remote(self) -> bool:
        """Whether the dataset is read over a network."""
        return self.reader.store.is_remote

    @property
    def games(self) -> pa.Table:
        """The rows of the games table; a sample's `game` is a row number of it."""
        return self.footage.games

    def __len__(self) -> int:
        return self.index.num_windows

    def __getitem__(self, window: int) -> Sample:
        """Read one sample; negative numbers count from the end.

        Raises:
            TypeError: `window` is not a whole number.
            IndexError: there is no window with that number.
            StoreFailed: the store cannot give the window's bytes.
            VideoUnreadable, RecordRefused: the bytes are damaged, or not those that the manifest names.
        """
        try:
            window = operator.index(window)
        except TypeError:
            message = f"a window has a whole number, from 0 to {len(self) - 1}; got {window!r}"
            raise TypeError(message) from None
        self.settle()
        arrays = self.reader.read(self.fetch(window + len(self) if window < 0 else window))
        return cast("Sample", self._finished(arrays))

    @property
    def num_chunks(self) -> int:
        """Number of chunks in the selected games."""
        return int(self.footage.grid.num_frames.size)

    def span(self, chunk: int) -> Span:
        """Return which frames a chunk has, as game_id and slp_frames, which are the same in any selection.

        If pictures are read from a rendition with fewer pictures than frames, only frames with one count.

        Raises:
            IndexError: there is no chunk with that number.
        """
        if not 0 <= chunk < self.num_chunks:
            message = f"no chunk {chunk}; there are {self.num_chunks}, counted from 0"
            raise IndexError(message)
        grid = self.footage.grid
        game_id = self.reader.game_ids[int(grid.game[chunk])]
        step = grid.picture_step if self.reader.with_video else 1
        num_frames = -(-int(grid.num_frames[chunk]) // step)
        return Span(game_id, int(self.footage.slp_frame_start[chunk]), num_frames, step)

    def read_chunk(self, chunk: int, start: int = 0, exclusive_end: int | None = None) -> Sample:
        """Read the frames [start, exclusive_end) of a chunk, all of them by default, as one sample.

        Frames are counted as in `span`, and each frame is a step of its own, whatever the windows are. A
        minute of pictures takes 3.3 GB at 640x480, so pictures are better read in parts that begin at key
        frames.

        Raises:
            IndexError: there is no such chunk, or it does not have these frames.
            StoreFailed, VideoUnreadable, RecordRefused: as `__getitem__`.
        """
        span = self.span(chunk)
        end = span.num_frames if exclusive_end is None else exclusive_end
        if not 0 <= start < end <= span.num_frames:
            message = f"chunk {chunk} has frames [0, {span.num_frames}), got [{start}, {end})"
            raise IndexError(message)
        self.settle()
        step = span.frame_step
        reader = self.reader.of_spec(WindowSpec(end - start, start="any", frame_step=step))
        arrays = reader.read(reader.fetch(chunk, start * step))
        if VIDEO in arrays:
            arrays[VIDEO] = reader.pictures.arrange(arrays[VIDEO], 1)
        return cast("Sample", arrays)

    def __iter__(self) -> Iterator[Sample]:
        """Read every window once, in order."""
        return (self[window] for window in range(len(self)))

    def settle(self) -> None:
        """Open a decoder and connections for this process; call it once in a process that was forked."""
        self.reader.settle()

    def prepare(self, part: int = 0, num_parts: int = 1) -> None:
        """Pack the states of all chunks into the cache now, rather than each shard when it is first needed.

        Args:
            part: number of the part of the shards to pack, from 0; parts let several processes or machines
                share the work.
            num_parts: number of parts.

        Raises:
            ValueError: there is no such part.
            StoreFailed, RecordRefused: as `WindowDataset.__getitem__`.
        """
        check_whole("num_parts", num_parts, 1)
        if check_whole("part", part, 0) >= num_parts:
            message = f"part {part} of {num_parts}: parts count from 0"
            raise ValueError(message)
        self.settle()
        if self.reader.fields.names:
            self.reader.states.prepare(part, num_parts)

    def fetch(self, window: int) -> Fetched:
        """Fetch the bytes of a window without decoding them; several threads may do so at once.

        Raises:
            IndexError: there is no window with that number.
            StoreFailed, RecordRefused: as `WindowDataset.__getitem__`.
        """
        return self.reader.fetch(*self.index.locate(window))

    def fetch_at(self, place: tuple[int, int]) -> Fetched:
        """Fetch the bytes of the window at a chunk and frame_index, as `fetch` does."""
        return self.reader.fetch(*place)

    def collate(self, fetched: Iterable[Fetched], size: int) -> Sample:
        """Make one batch, arrays [size, ...], from fetched windows; pictures are decoded straight into it."""
        # A transform gets whole samples, so their pictures cannot be decoded into the batch's memory.
        if self._transform is not None:
            return _stacked([self._finished(self.reader.read(one)) for one in fetched])
        if not self.reader.with_video:
            return cast("Sample", self.reader.read_states(list(fetched)))
        video = self.footage.video
        shape = self.reader.pictures.shape(video.width, video.height)
        pictures = self._pool.take((size, self.index.spec.num_seen, *shape))
        decoded = []
        for place, one in enumerate(fetched):
            self.reader.read_pictures(one, pictures[place])
            decoded.append(dataclasses.replace(one, video=b""))
        batch = self.reader.read_states(decoded)
        batch["video"] = self.reader.pictures.arrange(pictures, self.index.spec.stack)
        return cast("Sample", batch)

    def _finished(self, arrays: Arrays) -> Mapping[str, Any]:
        if VIDEO in arrays:
            arrays[VIDEO] = self.reader.pictures.arrange(arrays[VIDEO], self.index.spec.stack)
        return arrays if self._transform is None else self._transform(cast("Sample", arrays))

    def stream(
        self, *, batch_size: int, rank: int = 0, world_size: int = 1, seed: int = 0, epoch: int = 0,
        drop_last: bool = False, weights: WeightsWanted | None = None, num_visits: int | None = None,
        apart: int = DEFAULT_APART, threads: int | None = None,
    ) -> Stream:  # fmt: skip
        """Make a stream of shuffled batches for one rank.

        Args:
            batch_size: windows per batch of this rank.
            rank: this process's number among those that train together, from 0.
            world_size: how many processes train together.
            seed: another seed gives another order.
            epoch: the epoch to begin with, from 0.
            drop_last: leave out the last windows that do not fill a batch on every rank; otherwise windows
                from the beginning of the epoch fill them up, marked in `is_repeat`.
            weights: how often each window comes: "character", "action", "damage", a weight by character
                ({"FOX": 3.0}), float [len(dataset)], or float [number of games] for what each window of a
                game weighs (of windows, if there are as many of both); by default every window comes once.
                See `manifests.training.weights.window_weights`.
            num_visits: with weights, how many windows an epoch has; as many as there are by default.
            apart: number of neighbouring positions in the order that hold no game twice, as far as there are
                enough games. Below batch_size * world_size, a batch may hold a game twice. The order depends
                on it, so it should not depend on the number of ranks.
            threads: threads that fetch windows ahead; by default 16 for a remote store, none for a folder.

        Raises:
            ValueError: a number is out of its range, or the weights are not valid.
        """
        if isinstance(weights, str | Mapping):
            weights = window_weights(self.reader, self.index, weights)
        return Stream(
            self, batch_size=batch_size, rank=rank, world_size=world_size, seed=seed, epoch=epoch,
            drop_last=drop_last, weights=weights, num_visits=num_visits, apart=apart, threads=threads,
        )  # fmt: skip


def _stacked(samples: Sequence[Mapping[str, Any]]) -> Sample:
    arrays = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    return cast("Sample", arrays)
