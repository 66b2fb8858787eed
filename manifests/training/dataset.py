"""Open a dataset as windows of video, state and action: by number, or as a stream of shuffled batches.

    dataset = open_dataset("s3://bucket/set", window=16, split="train", filter="stage == 'BATTLEFIELD'")
    sample = dataset[0]                     # {"video": uint8 [16, 3, 480, 640], "state": ..., "action": ...}
    for batch in dataset.stream(batch_size=8, rank=rank, world_size=world_size): ...

A sample of T = history + window steps (the first `history` of them context) holds
    video        uint8 [T, 3, H, W] of RGB, a view of [T, H, W, 3]; or [T, H * 3 / 2, W] of packed yuv420
                 planes; with stack=K: [T, 3 * K, H, W] (stack_layout="channels") or [T, K, 3, H, W]
                 ("frames"), oldest first
    state        float32 [T, D], state_ids int64 [T, C], and masks state_valid, state_ids_valid; the places'
                 names are `dataset.names["state"]`; any other view or single column likewise
    action       float32 [T + lookahead, D], of frame f + action_shift at step f, action_ids, and masks
    action_is_pad  bool [T + lookahead], where the chunk had no such frame
    slp_frame    int32 [T]
    is_context   bool [T]
    game, chunk, frame_index   of the first frame seen: where it is from (`dataset.games` has the row)

Here is nothing but numpy, PyAV and pyarrow. Where torch is installed the arrays come as tensors, and the
dataset and its streams are torch's `Dataset` and `IterableDataset` (manifests/training/torch_windows.py).
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from manifests.snapshot.reader import open_manifest
from manifests.training.buffers import BufferPool
from manifests.training.cache import LocalCache
from manifests.training.fields import VIDEO, Fields
from manifests.training.footage import Footage, select_footage
from manifests.training.reader import SampleReader, Verify
from manifests.training.stream import Stream
from manifests.training.windows import WindowIndex, WindowSpec
from manifests.video.decoder import PixelFormat, picture_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from manifests.training.reader import Fetched

    Sample = dict[str, Any]

DEFAULT_FIELDS: Final = ("video", "state", "action")
DEFAULT_CACHE_BYTES: Final = 32 << 30
CACHE_VARIABLE: Final = "DOLPHIN_FARM_CACHE"


@dataclass(frozen=True, slots=True)
class Finish:
    """What is done to a sample's arrays at the end.

    Attributes:
        stack_layout: see the module.
        pixel_format: of the pictures.
        stack: pictures per step.
        transform: the user's, on a sample; must be picklable for worker processes that are spawned.
    """

    stack_layout: Literal["channels", "frames"]
    pixel_format: PixelFormat
    stack: int
    transform: Callable[[Sample], Sample] | None

    def video(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """[..., num_seen, *picture] to what a sample holds: views where possible."""
        lead = pictures.ndim - (4 if self.pixel_format == "rgb" else 3)
        if self.pixel_format == "rgb":
            pictures = np.moveaxis(pictures, -1, -3)
        if self.stack == 1:
            return pictures
        # [..., T, picture..., K] -> [..., T, K, picture...]
        windows = np.lib.stride_tricks.sliding_window_view(pictures, self.stack, axis=lead)
        stacked = np.moveaxis(windows, -1, lead + 1)
        if self.stack_layout == "frames" or self.pixel_format != "rgb":
            return stacked
        return stacked.reshape(*stacked.shape[: lead + 1], -1, *stacked.shape[-2:])


class WindowDataset:
    """All windows of a dataset, or of a part of it, by number. `open_dataset` makes it; it may be pickled.

    Attributes:
        url: where it is.
        footage: games, chunks and GOPs.
        index: the windows.
        reader: of samples.
        names: of the places of each array: names["state"][d], names["action"][d], ...
    """

    def __init__(
        self, url: str, footage: Footage, index: WindowIndex, reader: SampleReader, finish: Finish
    ) -> None:
        self.url, self.footage, self.index, self.reader, self._finish = url, footage, index, reader, finish
        self._pool = BufferPool()
        self.names: Mapping[str, tuple[str, ...]] = reader.fields.columns_of()

    @property
    def games(self) -> pa.Table:
        """The games table's rows, in the order of a sample's `game`."""
        return self.footage.games

    def __len__(self) -> int:
        return self.index.num_windows

    def __getitem__(self, window: int) -> Sample:
        """One sample.

        Raises:
            IndexError: no such window.
            StoreFailed, VideoUnreadable, RecordRefused: it cannot be read, or is not what it should be.
        """
        self.reader.settle()
        place = self.index.locate(window + len(self) if window < 0 else window)
        return self._finished(self.reader.read(self.reader.fetch(*place)))

    def collate(self, fetched: Iterable[Fetched], size: int) -> Sample:
        """Make one batch of windows that were fetched: arrays [size, ...]; pictures are decoded in place."""
        if self._finish.transform is not None:
            return stack_samples([self._finished(self.reader.read(one)) for one in fetched])
        pictures, samples = None, []
        if self.reader.with_video:
            shape = picture_shape(self.reader.pixel_format, self.footage.width, self.footage.height)
            pictures = self._pool.take((size, self.index.spec.num_seen, *shape))
        for place, one in enumerate(fetched):
            sample = self.reader.read(one, None if pictures is None else pictures[place])
            sample.pop(VIDEO, None)
            samples.append(sample)
        batch = stack_samples(samples)
        if pictures is not None:
            batch[VIDEO] = self._finish.video(pictures)
        return batch

    def _finished(self, sample: Sample) -> Sample:
        if VIDEO in sample:
            sample[VIDEO] = self._finish.video(sample[VIDEO])
        return sample if self._finish.transform is None else self._finish.transform(sample)

    def stream(self, **options: Any) -> Stream:
        """Shuffled batches; see `manifests.training.stream.Stream` for the options."""
        return Stream(self, **options)


def stack_samples(samples: Sequence[Sample]) -> Sample:
    """Arrays of several samples, stacked."""
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}


def default_cache_dir() -> Path:
    """Where packed states and remote bytes are kept: $DOLPHIN_FARM_CACHE, or a folder of the user's cache."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dolphin-farm"


def open_dataset(
    url: str | Path, *, window: int = 16, stride: int = 1, frame_step: int = 1,
    start: Literal["gop", "any"] = "gop", fields: Sequence[str] = DEFAULT_FIELDS,
    action_shift: int = 0, lookahead: int = 0, history: int = 0,
    stack: int = 1, stack_layout: Literal["channels", "frames"] = "channels", split: str | None = None,
    filter: str | None = None,  # noqa: A002 - the word everybody looks for
    transform: Callable[[Sample], Sample] | None = None, pixel_format: PixelFormat = "rgb",
    decoder: str = "libav", verify: Verify = "mark", cache_dir: str | Path | None = None,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
    snapshot: int | None = None, as_torch: bool | None = None,
) -> Any:  # fmt: skip
    """Open a dataset for training.

    Args:
        url: folder, file:// or s3:// URL.
        window: steps of a sample; this and the next are explained in `manifests.training.windows.WindowSpec`.
        stride: every how many-th possible start is one.
        frame_step: frames from one step to the next.
        start: at key frames ("gop") or "any" frame.
        fields: "video", views ("state", "action", "followers", "raw_action", "just_pressed"), single columns.
        action_shift: frames by which actions are later than their step.
        lookahead: further steps of which the actions are given.
        history: steps of context in front.
        stack: pictures per step.
        stack_layout: stacked pictures as "channels" or as an axis of their own, "frames".
        split: "train", "val" or "test", as the plan has it; None for all.
        filter: on the games, see `manifests.training.row_filter`.
        transform: from sample to sample.
        pixel_format: "rgb" or "yuv420".
        decoder: "libav", "torchcodec" or "nvdec".
        verify: "mark" (key frames must say which frame of which game they are), "stamp", or "none".
        cache_dir: for packed states, and the bytes of remote videos; see `default_cache_dir`.
        cache_bytes: its bound; 0 for no cache.
        snapshot: of the manifests; the newest by default.
        as_torch: whether tensors come out; by default if torch is installed.

    Returns:
        A `manifests.training.torch_windows.TorchWindows` of tensors, or a `WindowDataset` of arrays.

    Raises:
        ValueError: an option out of its range, or nothing is left.
        DatasetError: the dataset cannot be read.
    """
    spec = WindowSpec(window, stride, frame_step, start, action_shift, lookahead, history, stack)
    wanted = Fields(tuple(name for name in fields if name != VIDEO))
    if stack_layout not in ("channels", "frames"):
        message = f"stack_layout is 'channels' or 'frames', got {stack_layout!r}"
        raise ValueError(message)
    manifest = open_manifest(url if isinstance(url, str) else str(url), snapshot)
    footage = select_footage(manifest, split, filter)
    index = WindowIndex.of(footage.grid, spec, footage.num_games)
    if not index.num_windows:
        message = f"no chunk of {manifest.store.url} is as long as a window of {spec.span} frames"
        raise ValueError(message)
    cache = LocalCache(Path(cache_dir or default_cache_dir()), cache_bytes) if cache_bytes else None
    is_remote = "://" in manifest.store.url
    reader = SampleReader(
        manifest.store,
        footage,
        spec,
        wanted,
        VIDEO in fields,
        pixel_format,
        decoder,
        verify,
        cache,
        is_remote,
    )
    finish = Finish(stack_layout, pixel_format, stack, transform)
    dataset = WindowDataset(manifest.store.url, footage, index, reader, finish)
    if as_torch is None:
        as_torch = importlib.util.find_spec("torch") is not None
    if not as_torch:
        return dataset
    from manifests.training.torch_windows import TorchWindows  # noqa: PLC0415 - torch is an extra

    return TorchWindows(dataset)
