"""Times pictures at their training size: resized by our loader while decoding, or the peers' way."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from farm.bench._window_times import alternated, median_of
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manifests.training.dataset import WindowDataset

    Size = tuple[int, int]

_BATCH = 8


def measure_size(root: Path, size: Size, window: int, num_windows: int, cache: Path) -> dict[str, Any]:
    """Measure pictures per second of processor time, as medians of three alternating rounds.

    Args:
        root: a dataset with pictures.
        size: (height, width) to which pictures are resized.
        window: number of pictures of a window.
        num_windows: number of windows of a round.
        cache: folder for packed states.

    Returns:
        The figures by way: our loader, and OpenCV and torchcodec if they are installed, which open each
        window's video as their users do.
    """
    kept = Cache(cache)
    open_ = partial(open_dataset, root, window=window, fields=["video"], cache=kept, as_torch=False)
    whole, small = open_(), open_(pictures=Pictures(size=size))
    jobs: dict[str, Callable[[], int]] = {
        "full size": partial(_read, whole, num_windows, None),
        "resized while decoding": partial(_read, small, num_windows, None),
    }
    if (resize := _torch_resize(size)) is not None:
        jobs["resized by torch"] = partial(_read, whole, num_windows, resize)
    if (read := _opencv(size)) is not None:
        jobs["OpenCV, resized by it"] = partial(_read_files, whole, num_windows, read)
    if (read := _torchcodec(size)) is not None:
        jobs["torchcodec, resized by torch"] = partial(_read_files, whole, num_windows, read)
    paces = alternated(jobs, num_windows)
    return {
        name: {"pictures_per_core_second": round(num_windows * window / median_of(rounds).cpu_seconds)}
        for name, rounds in paces.items()
    }


def _windows(dataset: WindowDataset, count: int) -> list[int]:
    """Choose windows from all over the dataset."""
    chosen: list[int] = np.random.default_rng(0).integers(0, len(dataset), count).tolist()
    return chosen


def _read(dataset: WindowDataset, num_windows: int, then: Callable[[Any], Any] | None) -> int:
    frames, windows = 0, _windows(dataset, num_windows)
    for first in range(0, num_windows, _BATCH):
        part = windows[first : first + _BATCH]
        batch = dataset.collate(map(dataset.fetch, part), len(part))
        frames += batch["video"].shape[0] * batch["video"].shape[1]
        if then is not None:
            then(batch["video"])
    return frames


def _read_files(
    dataset: WindowDataset, num_windows: int, read: Callable[[Path, int, int], Iterator[Any]]
) -> int:
    """Read the same windows with a function of a video file, the first picture and the number of pictures."""
    frames, step = 0, dataset.footage.grid.picture_step
    for window in _windows(dataset, num_windows):
        chunk, start = dataset.index.locate(window)
        path = Path(dataset.url) / dataset.footage.video_key(chunk)
        frames += sum(1 for _ in read(path, start // step, dataset.index.spec.num_seen))
    return frames


def _torch_resize(size: Size) -> Callable[[Any], Any] | None:
    try:
        import torch  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return None

    def resize(video: Any) -> Any:
        pictures = torch.as_tensor(video).flatten(0, -4).float()
        return torch.nn.functional.interpolate(pictures, size, mode="bilinear", antialias=True)

    return resize


def _opencv(size: Size) -> Callable[[Path, int, int], Iterator[Any]] | None:
    try:
        import cv2  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return None

    def read(path: Path, start: int, count: int) -> Iterator[Any]:
        video = cv2.VideoCapture(str(path))
        video.set(cv2.CAP_PROP_POS_FRAMES, start)
        for _ in range(count):
            _, picture = video.read()
            yield cv2.resize(
                cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), size[::-1], interpolation=cv2.INTER_AREA
            )
        video.release()

    return read


def _torchcodec(size: Size) -> Callable[[Path, int, int], Iterator[Any]] | None:
    try:
        from torchcodec.decoders import VideoDecoder  # noqa: PLC0415 - an extra
    except (ModuleNotFoundError, RuntimeError):  # RuntimeError: torchcodec finds no FFmpeg that it knows
        return None
    resize = _torch_resize(size)
    assert resize is not None, "torchcodec brings torch"

    def read(path: Path, start: int, count: int) -> Iterator[Any]:
        video = VideoDecoder(str(path), seek_mode="approximate", num_ffmpeg_threads=1)
        yield from resize(video.get_frames_in_range(start, start + count).data)

    return read
