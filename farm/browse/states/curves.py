"""Evidence curves of a chunk for the game's page: measured on request, one at a time, and kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.ledger.dataset import read_description

if TYPE_CHECKING:
    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store

MOST_KEPT: Final = 256  # chunks; some 10 kB each
MOST_FRAMES: Final = 20_000  # of a chunk, since all of its pictures are decoded
_DECIMALS: Final = 4


class CurvesUnavailable(Exception):  # noqa: N818 - named like the project's others
    """The curves cannot be measured on this machine, or for this chunk; the message says why."""


class Curves:
    """Evidence curves by chunk. One chunk is measured at a time, as that keeps a core busy for seconds."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, store: Store, chunk: ChunkRecord) -> dict[str, Any]:
        """Return a chunk's correlation over lags, and how much of the predicted motion each window shows.

        Raises:
            CurvesUnavailable: the package that measures is not installed, or the chunk is too long to decode
                on request.
            DatasetError: the files cannot be read.
        """
        with self._turn:
            sha256 = chunk.footage[0].sha256
            if sha256 not in self._kept:
                self._kept[sha256] = _measured(store, chunk)
            self._kept.move_to_end(sha256)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[sha256]


def _measured(store: Store, chunk: ChunkRecord) -> dict[str, Any]:
    if chunk.num_frames > MOST_FRAMES:
        message = (
            f"a chunk of {chunk.num_frames:,} frames is not measured on request; try `farm align --plot`"
        )
        raise CurvesUnavailable(message)
    try:
        from farm.browse.states.chunk_motion import motion_of  # noqa: PLC0415 - a reading side need not have OpenCV
    except ModuleNotFoundError as missing:
        message = f"{missing.name} is not installed where this is served: pip install '.[render]' there"
        raise CurvesUnavailable(message) from missing
    found = motion_of(store, chunk)
    curve, windows = found.curve, found.windows
    step = read_description(store).picture_step
    middle = chunk.slp_frame_start + (windows.start + windows.exclusive_end) / 2 * step
    return {
        "detail": found.evidence.detail,
        "lags": curve.lags.tolist(),
        "correlation": np.round(np.asarray(curve.correlation, np.float64), _DECIMALS).tolist(),
        "best_lag": int(curve.best_lag),
        "runner_up_lag": int(curve.runner_up_lag),
        "margin": round(float(curve.margin), 2),
        "windows": {
            "slp_frame": middle.tolist(),
            "share": np.round(np.asarray(windows.share, np.float64), _DECIMALS).tolist(),
            "is_broken": windows.broken().tolist(),
        },
    }
