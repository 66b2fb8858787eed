"""How fast pictures come at the size they are trained at: resized while decoding, or afterwards by torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from farm.bench._window_times import alternated, median_of
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

_BATCH = 8


def measure_size(
    root: Path, size: tuple[int, int], window: int, num_windows: int, cache: Path
) -> dict[str, Any]:
    """Measure pictures per second of processor time; medians of three rounds in turn.

    Args:
        root: a dataset with pictures.
        size: (height, width) to which they are resized.
        window: pictures of a window.
        num_windows: windows of a round.
        cache: folder for packed states.
    """
    spec, kept = WindowSpec(window), Cache(cache)
    open_ = partial(open_dataset, root, window=spec, fields=["video"], cache=kept, as_torch=False)
    whole, small = open_(), open_(pictures=Pictures(size=size))
    jobs: dict[str, Callable[[], int]] = {
        "full size": partial(_read, whole, num_windows, None),
        "resized while decoding": partial(_read, small, num_windows, None),
    }
    if (resize := _torch_resize(size)) is not None:
        jobs["resized by torch"] = partial(_read, whole, num_windows, resize)
    paces = alternated(jobs, num_windows)
    return {
        name: {"pictures_per_core_second": round(num_windows * window / median_of(rounds).cpu_seconds)}
        for name, rounds in paces.items()
    }


def _read(dataset: WindowDataset, num_windows: int, then: Callable[[Any], Any] | None) -> int:
    frames = 0
    for first in range(0, num_windows, _BATCH):
        windows = [number % len(dataset) for number in range(first, min(first + _BATCH, num_windows))]
        batch = dataset.collate(map(dataset.fetch, windows), len(windows))
        frames += batch["video"].shape[0] * batch["video"].shape[1]
        if then is not None:
            then(batch["video"])
    return frames


def _torch_resize(size: tuple[int, int]) -> Callable[[Any], Any] | None:
    try:
        import torch  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return None

    def resize(video: Any) -> Any:
        pictures = torch.as_tensor(video).flatten(0, 1).float()
        return torch.nn.functional.interpolate(pictures, size, mode="bilinear", antialias=True)

    return resize
