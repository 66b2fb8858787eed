"""Open a dataset for training, as windows of video, state and action.

    from manifests import WindowSpec, open_dataset

    dataset = open_dataset("dataset", window=16, fields=["video", "state", "action"])
    sample = dataset[0]                  # {"video": uint8 [16, 3, 480, 640], "state": float32 [16, D], ...}
    for batch in dataset.stream(batch_size=8, rank=rank, world_size=world_size): ...

    open_dataset("s3://bucket/set", window=WindowSpec(16, start="any", stride=4), split="train",
                 filter="stage == 'BATTLEFIELD'")

`manifests.training.sample` says what a sample holds, `manifests.training.windows` what a window is.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Final, Literal, overload

from manifests.snapshot.reader import open_manifest
from manifests.training.arguments import check_fields, check_join, check_open_arguments
from manifests.training.cache import Cache
from manifests.training.dataset import WindowDataset
from manifests.training.fields import VIDEO, Fields
from manifests.training.footage import select_footage
from manifests.training.gaps import warn_of_gaps
from manifests.training.pictures import Pictures
from manifests.training.reader import SampleReader
from manifests.training.windows import WindowIndex, WindowSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from manifests.training.dataset import Transform
    from manifests.training.footage import Footage
    from manifests.training.reader import Verify
    from manifests.training.torch_windows import TorchWindows

DEFAULT_FIELDS: Final = ("video", "state", "action")
_PICTURES: Final = Pictures()
_CACHE: Final = Cache()


@overload
def open_dataset(
    url: str | Path, *, window: int | WindowSpec = ..., fields: Sequence[str] = ..., split: str | None = ...,
    filter: str | None = ..., transform: Transform | None = ..., pictures: Pictures = ...,
    verify: Verify = ..., cache: Cache | None = ..., snapshot: int | None = ...,
    join: Mapping[str, str | Path] | None = ..., as_torch: Literal[False],
) -> WindowDataset: ...  # fmt: skip


@overload
def open_dataset(
    url: str | Path, *, window: int | WindowSpec = ..., fields: Sequence[str] = ..., split: str | None = ...,
    filter: str | None = ..., transform: Transform | None = ..., pictures: Pictures = ...,
    verify: Verify = ..., cache: Cache | None = ..., snapshot: int | None = ...,
    join: Mapping[str, str | Path] | None = ..., as_torch: Literal[True],
) -> TorchWindows: ...  # fmt: skip


@overload
def open_dataset(
    url: str | Path, *, window: int | WindowSpec = ..., fields: Sequence[str] = ..., split: str | None = ...,
    filter: str | None = ..., transform: Transform | None = ..., pictures: Pictures = ...,
    verify: Verify = ..., cache: Cache | None = ..., snapshot: int | None = ...,
    join: Mapping[str, str | Path] | None = ..., as_torch: bool | None = ...,
) -> WindowDataset | TorchWindows: ...  # fmt: skip


def open_dataset(
    url: str | Path, *, window: int | WindowSpec = 16, fields: Sequence[str] = DEFAULT_FIELDS,
    split: str | None = None,
    filter: str | None = None,  # noqa: A002 - the word everybody looks for
    transform: Transform | None = None, pictures: Pictures = _PICTURES, verify: Verify = "mark",
    cache: Cache | None = _CACHE, snapshot: int | None = None,
    join: Mapping[str, str | Path] | None = None, as_torch: bool | None = None,
) -> WindowDataset | TorchWindows:  # fmt: skip
    """Open a dataset for training.

    Args:
        url: folder, file:// or s3:// URL.
        window: number of steps of a sample, which then begins at a key frame (every 30 frames: windows
            shorter than that leave frames out, and a warning says how many); or a `WindowSpec`, which also
            says where windows start, how many frames lie between steps, and which context, stacked pictures
            and later actions come with them. With a number, steps are one frame apart, or one picture apart
            if pictures are read from a rendition that has fewer pictures than frames.
        fields: what a sample holds: "video"; views of the state ("state", "action", "followers",
            "raw_action", "just_pressed"); and single columns, as `farm schema` lists them. It may be empty
            where `join` is given.
        split: "train", "val" or "test", as the plan dealt the games; None for all games.
        filter: a condition on the games, such as "stage == 'BATTLEFIELD'"; see
            `manifests.training.row_filter`.
        transform: a function that turns a sample of arrays into the value to return in its place; it must be
            picklable if worker processes are spawned.
        pictures: pixel format, layout of stacked pictures, and decoder.
        verify: what is checked about each window's pictures: with "mark", that its key frame names the right
            game and frame; with "stamp", every picture's painted number as well (only stand-in datasets have
            one); with "none", nothing.
        cache: where packed states, and bytes of remote videos, are kept between runs; None to keep packed
            states in memory only.
        snapshot: number of the snapshot of the manifests; the newest by default.
        join: side tables by the name that their values get in samples, {"latent": URL}: their rows are found
            by game_id and slp_frame, see `manifests.side_tables.open.open_side_table`.
        as_torch: True for tensors, False for NumPy arrays. The default, None, gives tensors if torch is
            installed; a script that is type-checked should say which it wants.

    Returns:
        A `manifests.training.torch_windows.TorchWindows` of tensors, or a `WindowDataset` of arrays.

    Raises:
        ValueError: an option is out of its range, or no window is left.
        DatasetError: the dataset cannot be read.
        ModuleNotFoundError: as_torch is True, and torch is not installed.
    """
    if not isinstance(window, WindowSpec):
        WindowSpec(window)  # refuses an invalid number before anything is read
    check_open_arguments(url, pictures, cache, snapshot)
    check_fields(fields, join)
    check_join(join or {}, fields)
    wanted = Fields(tuple(name for name in fields if name != VIDEO))
    manifest = open_manifest(url, snapshot)
    footage = select_footage(manifest, split, filter, with_video=VIDEO in fields)
    spec = window
    if not isinstance(spec, WindowSpec):
        spec = WindowSpec(spec, frame_step=_step(footage, fields))
    index = WindowIndex.of(footage.grid, spec, footage.num_games)
    if not index.num_windows:
        message = f"no chunk of {manifest.store.url} is as long as a window of {spec.span} frames"
        raise ValueError(message)
    reader = SampleReader(
        store=manifest.store, footage=footage, spec=spec, fields=wanted, with_video=VIDEO in fields,
        pictures=pictures, verify=verify, cache=None if cache is None else cache.open(),
        cache_video=manifest.store.is_remote,
        join={name: str(url) for name, url in (join or {}).items()},
    )  # fmt: skip
    warn_of_gaps(index)
    if wanted.names:
        reader.states.shards.warn_of_size()
    dataset = WindowDataset(footage, index, reader, transform)
    if as_torch is None:
        as_torch = importlib.util.find_spec("torch") is not None
    if not as_torch:
        return dataset
    from manifests.training.torch_windows import TorchWindows  # noqa: PLC0415 - torch is an extra

    return TorchWindows(dataset)


def _step(footage: Footage, fields: Sequence[str]) -> int:
    """Return the default number of frames from step to step: 1, or those from one picture to the next."""
    return footage.grid.picture_step if VIDEO in fields else 1
