"""Write a dataset's card: README.md, its charts and croissant.json. Equal manifests give equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests.card.charts import bar_chart
from manifests.card.counts import Counts, count
from manifests.card.croissant import croissant
from manifests.ledger.tables import MANIFEST_TABLES, describe
from manifests.state.schema import FIRST_SLP_FRAME
from manifests.store.canonical_json import readable
from manifests.store.made_beside import CHARACTERS_KEY, CROISSANT_KEY, MOVING_KEY, README_KEY, STAGES_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.ledger.dataset import DatasetDescription
    from manifests.snapshot.reader import Manifest

_SUMMARY: Final = (
    "Slippi replays of Super Smash Bros. Melee as pairs of H.264 video and game state whose frames "
    "correspond one to one, the alignment of every pair proved from evidence before it was committed."
)
_RIGHTS: Final = {
    "standin": (
        "The pictures were drawn by dolphin-farm's own stand-in game, not by Melee. The state comes from the "
        "replays; whoever publishes it needs their owners' leave."
    ),
    "slippi": (
        "The pictures show Super Smash Bros. Melee, which is Nintendo's, and the replays are their players'. "
        "Nothing here grants a licence to either; whoever publishes this dataset answers for that."
    ),
}

_LOADING: Final = """## Loading

```python
from manifests.snapshot.reader import open_manifest            # pip install dolphin-farm

manifest = open_manifest("ROOT")                  # a folder, or s3://BUCKET/PREFIX
manifest.games().to_pylist()[0]
```

```python
from lerobot.datasets.lerobot_dataset import LeRobotDataset

LeRobotDataset("local/melee", root="ROOT", video_backend="pyav")[0]
```

```sql
-- DuckDB
SELECT stage_name, count(*) AS games, sum(num_frames) AS frames
FROM 'ROOT/GAMES' GROUP BY stage_name ORDER BY games DESC;
```

`farm audit ROOT --depth decode` proves a copy again from its files alone."""


def write_card(manifest: Manifest) -> None:
    """Put the card's files on the store beside the dataset's own files.

    Raises:
        StoreFailed: the store failed.
    """
    counts, store = count(manifest), manifest.store
    store.put(STAGES_KEY, bar_chart("Games by stage", counts.games_by_stage))
    store.put(CHARACTERS_KEY, bar_chart("Games by character", counts.games_by_character))
    store.put(CROISSANT_KEY, readable(croissant(manifest, _SUMMARY)))
    has_moving = store.head(MOVING_KEY) is not None
    store.put(README_KEY, readme(manifest, counts, has_moving=has_moving).encode())


def readme(manifest: Manifest, counts: Counts, *, has_moving: bool = False) -> str:
    """Write the text of README.md; `has_moving` says whether an animated picture lies beside it."""
    description = manifest.description
    parts = [
        _front_matter(manifest),
        "# Melee, frame by frame",
        _SUMMARY,
        *([f"![Some seconds of one of its games]({MOVING_KEY})"] if has_moving else []),
        _numbers(manifest, counts),
        f"![Games by stage]({STAGES_KEY})\n\n![Games by character]({CHARACTERS_KEY})",
        _set_aside(manifest),
        _timing(description),
        _pictures(description),
        _LOADING.replace("GAMES", manifest.snapshot.tables["games"].object.key),
        "## Tables",
        *(f"### {name}\n\n{describe(name)}" for name in MANIFEST_TABLES),
        f"## Rights and privacy\n\n{_rights(description)}",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(manifest: Manifest) -> str:
    lines = ["---", "license: other", "tags: [video, world-model, game, melee, slippi, LeRobot]", "configs:"]
    for name in ("games", "chunks", "rejects"):
        lines += [f"- config_name: {name}", f"  data_files: {manifest.snapshot.tables[name].object.key}"]
    return "\n".join([*lines, "---"])


def _numbers(manifest: Manifest, counts: Counts) -> str:
    totals, description = manifest.snapshot.totals, manifest.description
    rows = [
        (split, f"{counts.games_by_split[split]:,}", f"{frames:,}", f"{_hours(frames, description):,.2f}")
        for split, frames in sorted(counts.frames_by_split.items())
    ]
    whole = (
        "all", f"{totals.num_committed:,}", f"{totals.num_frames:,}",
        f"{_hours(totals.num_frames, description):,.2f}",
    )  # fmt: skip
    table = _table(("split", "games", "frames", "hours"), [*rows, whole])
    per_frame = totals.video_bytes / totals.num_frames if totals.num_frames else 0
    return (
        f"## In numbers\n\n{table}\n\n{totals.num_chunks:,} chunks of up to {description.frames_per_chunk:,} "
        f"frames; {totals.video_bytes / 1e6:,.1f} MB of video ({per_frame:,.0f} bytes a frame), "
        f"{totals.states_bytes / 1e6:,.1f} MB of state. The longest game has {counts.longest_frames:,} "
        "frames."
    )


def _set_aside(manifest: Manifest) -> str:
    rejects = manifest.snapshot.totals.rejects
    if not rejects:
        return "## Set aside\n\nNo game was."
    table = _table(("reason", "games"), [(reason, f"{number:,}") for reason, number in rejects.items()])
    text = "Every game that is not here is in `rejects`, with its reason and evidence."
    return f"## Set aside\n\n{text}\n\n{table}"


def _timing(description: DatasetDescription) -> str:
    rate = f"{description.true_fps_numerator}/{description.true_fps_denominator}"
    following = "the *next* frame"
    if description.picture_step > 1:
        following = "*all* frames up to the next picture (buttons of any, sticks of the last)"
    return (
        f"## What belongs to what\n\n{description.timing_rule}\n\n`slp_frame` is Slippi's frame index, from "
        f"{description.first_slp_frame}; the timer runs from 0 on. The picture of frame k is at exactly "
        f"k/{description.fps} s; "
        f"the console ran at {rate} Hz. In the LeRobot tables `action` holds the inputs of {following}, "
        "as policies want it, and `action.same_frame` those that caused the picture."
    )


def _pictures(description: DatasetDescription) -> str:
    video, stamp = description.video, description.stamp
    if video is None:
        return "## Pictures\n\nThere are none: this is a dataset of states alone."
    step = video.picture_step
    packets = "Packet k is frame k" if step == 1 else f"Packet j is frame {step} * j of its chunk"
    text = (
        f"## Pictures\n\n{video.width}x{video.height}, {video.codec} {video.profile}, {video.pixel_format}, "
        f"a key frame every {video.gop_frames} frames, {video.b_frames} B-frames; colour matrix "
        f"{video.colour_matrix}, range {video.colour_range}. {packets}, and `gops` has the bytes "
        "of every group of pictures, so a window can be fetched with one range request."
    )
    if stamp is None:
        return text
    column = description.stamp_seed_column
    seed = f", and in its lower half the 32 bits of the column `{column}`" if column else ""
    return (
        f"{text} The rectangle at ({stamp.left}, {stamp.top}), {stamp.width}x{stamp.height}, holds the frame "
        "stamp, 32 cells across, white is 1: in its upper half 24 bits of slp_frame + "
        f"{-FIRST_SLP_FRAME}, then their CRC-8 (polynomial 0x07){seed}."
    )


def _rights(description: DatasetDescription) -> str:
    privacy = (
        "Players are keyed hashes, stable within this dataset; there are no names and no connect codes. The "
        "files in `plan/` name the replays' sources as their owner called them: leave them out of what is "
        "published."
    )
    return f"{_RIGHTS.get(description.emulator, _RIGHTS['slippi'])}\n\n{privacy}"


def _hours(frames: int, description: DatasetDescription) -> float:
    return frames * description.true_fps_denominator / description.true_fps_numerator / 3600


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
