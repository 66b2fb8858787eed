"""The numbers for the page of charts: histograms over all games, matchups, and the bytes at each CRF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.errors import RecordRefused
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.store.contract import ObjectMissing
from manifests.store.made_beside import BENCH_BYTES_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.browse.queries.library import Library
    from manifests.store.contract import Store

_BINS: Final = 30
_MOST_TRIAL_BYTES: Final = 4 << 20
_TRIAL_NUMBERS: Final = ("crf", "height", "gop_pictures", "b_frames", "bytes_per_frame", "ssim", "psnr_db")
_HISTOGRAMS: Final = (
    ("bytes per frame", "bytes", "video_bytes / num_frames", "video_bytes > 0"),
    ("length", "minutes", f"num_frames / {FRAMES_PER_SECOND * 60}.0", "true"),
    (
        "share of frames rolled back", "percent of the frames written",
        "100.0 * replay_num_rolled_back / replay_num_instances",
        "replay_num_instances > 0 AND replay_num_rolled_back IS NOT NULL",
    ),
)  # fmt: skip
_MARGINS: Final = """
SELECT item.name AS name, list(item.margin) AS margins FROM (SELECT unnest(evidence) AS item FROM games)
WHERE item.offset_frames = 0 AND item.margin IS NOT NULL GROUP BY ALL ORDER BY name
"""
_MEETINGS: Final = """
SELECT list_sort(characters)[1] AS one, list_sort(characters)[-1] AS other, stage_name AS stage,
    count(*) AS games, sum(num_frames)::BIGINT AS frames
FROM games WHERE len(characters) = 2 GROUP BY ALL ORDER BY one, other, stage
"""


def figures(library: Library, trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Calculate all numbers that the page of charts shows, JSON-ready.

    Args:
        library: the dataset's library.
        trials: the output of `farm bench bytes --json`, as `read_trials` gives it; empty if there is none.
    """
    histograms = [
        _histogram(name, unit, [row["it"] for row in library.rows(_select(what, where), [])])
        for name, unit, what, where in _HISTOGRAMS
    ]
    margins = [_histogram(row["name"], "margin", row["margins"]) for row in library.rows(_MARGINS, [])]
    totals = library.totals()
    return {
        "histograms": [each for each in histograms if each["counts"]],
        "margins": margins,
        "meetings": library.rows(_MEETINGS, []),
        "num_frames": totals["frames"],
        "video_bytes": totals["video_bytes"],
        "trials": list(trials),
    }


def charts_page(library: Library, trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the data that the page of charts needs, JSON-ready; the arguments are those of `figures`."""
    return {
        **figures(library, trials),
        "num_games": library.totals()["games"],
        "stages": library.choices["stage"],
        "bench_key": BENCH_BYTES_KEY,
    }


def _select(what: str, where: str) -> str:
    return f"SELECT {what} AS it FROM games WHERE {where}"  # noqa: S608 - from fixed parts


def _histogram(name: str, unit: str, values: Sequence[float]) -> dict[str, Any]:
    """Count values in bins of equal width: one bin if all values are equal, no bin without values."""
    known = np.asarray(values, np.float64)
    if not known.size:
        return {"name": name, "unit": unit, "edges": [], "counts": []}
    bins = _BINS if known.min() < known.max() else 1
    counts, edges = np.histogram(known, bins)
    return {"name": name, "unit": unit, "edges": edges.round(4).tolist(), "counts": counts.tolist()}


def trials_of(store: Store) -> list[dict[str, Any]]:
    """Read the result of `farm bench bytes --json` that is stored in the dataset; empty if there is none.

    Raises:
        RecordRefused: the stored object is no such result.
        StoreFailed: the store failed.
    """
    try:
        return read_trials(store.get(BENCH_BYTES_KEY), BENCH_BYTES_KEY)
    except ObjectMissing:
        return []


def read_trials(data: bytes, where: str) -> list[dict[str, Any]]:
    """Read the output of `farm bench bytes --json`, without codings that the chart does not show.

    Args:
        data: the bytes of the output.
        where: the name of the file in an error.

    Raises:
        RecordRefused: the bytes are something else.
    """
    try:
        return [
            {"preset": str(row["preset"]), **{name: float(row[name]) for name in _TRIAL_NUMBERS}}
            | {"ssim_fighters": None if row["ssim_fighters"] is None else float(row["ssim_fighters"])}
            for row in json.loads(data[:_MOST_TRIAL_BYTES])
            if not row.get("refreshes_within") and not row.get("region_offset")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = (
            f"{where} is not what `farm bench bytes --json` prints ({error!s:.60}); write it anew, or take "
            "it away"
        )
        raise RecordRefused(message) from error
