"""Write LeRobot's data/ and meta/ folders beside a dataset's videos.

Of the videos only a few key frames are read, for statistics. A file in data/ whose episodes did not change
since the last time is left as it is; each file records what it was made from. Data files that no episode
needs any more are removed, and meta/info.json is written last.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.lerobot.episodes import (
    Episode,
    data_key,
    episodes_of,
    episodes_table,
    info_json,
    tasks_table,
)
from manifests.lerobot.features import data_schema, declared_features
from manifests.lerobot.frames import first_action, frame_columns, to_table
from manifests.lerobot.stats import from_exact, picture_stats, rgb_of, row_moments, to_exact, to_plain
from manifests.state.file import read_states
from manifests.store.canonical_json import canonical, readable
from manifests.store.contract import ObjectMissing
from manifests.store.keys import VIDEO_FEATURE
from manifests.store.made_beside import EPISODES_KEY, INFO_KEY, STATS_KEY, TASKS_KEY
from manifests.store.object_file import open_parquet
from manifests.store.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from manifests.snapshot.moments import MaskedMoments
    from manifests.snapshot.reader import Manifest
    from manifests.state.table import StateTable

_MADE_FROM: Final = b"dolphin_farm.made_from"
_STATS: Final = b"dolphin_farm.stats"
_VERSION: Final = 1
"""Version of the code that makes rows; raise it with any change, so that every file is made again."""
_MAX_PICTURES: Final = 64


@dataclass(frozen=True, slots=True)
class Compiled:
    """The result of `compile_lerobot`: episodes, frames, tasks, and files in data/ written or left alone."""

    num_episodes: int
    num_frames: int
    num_tasks: int
    num_files_written: int
    num_files_kept: int


def compile_lerobot(
    manifest: Manifest, *, num_threads: int = 4, on_file: Callable[[int, int], None] = lambda *_: None
) -> Compiled:
    """Write the files that make the root of a dataset a LeRobot v3 dataset.

    Args:
        manifest: the snapshot to compile; it must have games.
        num_threads: how many states files are fetched at the same time.
        on_file: function that is called with the numbers of data files done, and of all data files.

    Raises:
        RecordRefused: a states file is not as recorded, there are no games, or no videos.
        StoreFailed: the store failed.
    """
    video = manifest.description.video
    if video is None:
        message = f"{manifest.store.url} has states alone, and LeRobot's tables are for datasets with videos"
        raise RecordRefused(message)
    episodes = episodes_of(manifest)
    if not episodes.episodes:
        message = f"{manifest.store.url}: no game is committed yet, and LeRobot has no empty datasets"
        raise RecordRefused(message)
    store, fps = manifest.store, video.fps
    total: dict[str, MaskedMoments] = {}
    num_written = 0
    files = list(episodes.data_files())
    for number, group in enumerate(files):
        following = files[number + 1][0] if number + 1 < len(files) else None
        stats = _stats_if_current(manifest, number, group, following)
        if stats is None:
            stats = _write_data_file(manifest, number, group, following, num_threads)
            num_written += 1
        for key, moments in stats.items():
            total[key] = total[key] + moments if key in total else moments
        on_file(number + 1, len(files))
    store.put(EPISODES_KEY, _parquet(episodes_table(episodes.episodes, episodes.tasks, fps)))
    store.put(TASKS_KEY, _parquet(tasks_table(episodes.tasks)))
    plain = {key: to_plain(moments) for key, moments in total.items()}
    plain[VIDEO_FEATURE] = picture_stats(list(_some_pictures(manifest)))
    store.put(STATS_KEY, readable(plain))
    # Removed before info.json makes the new files valid: LeRobot would read the old files along with the new.
    _remove_beyond(manifest, len(files))
    store.put(INFO_KEY, readable(info_json(episodes, declared_features(manifest.description), fps)))
    return Compiled(
        len(episodes.episodes),
        episodes.num_frames,
        len(episodes.tasks),
        num_written,
        len(files) - num_written,
    )


def _write_data_file(
    manifest: Manifest, number: int, group: tuple[Episode, ...], following: Episode | None, num_threads: int
) -> dict[str, MaskedMoments]:
    """Write one file of data/, with a row group per episode; return its statistics by feature."""
    total: dict[str, MaskedMoments] = {}
    with tempfile.TemporaryDirectory(prefix="dolphin-farm-lerobot-") as folder:
        path = Path(folder) / "data.parquet"
        with pq.ParquetWriter(path, data_schema(), compression="zstd") as writer:
            for episode, state, next_action in _with_next_action(manifest, group, following, num_threads):
                columns = frame_columns(episode, state, next_action, manifest.description.picture_step)
                writer.write_table(to_table(columns))
                for key, values in columns.items():
                    moments = row_moments(values)
                    total[key] = total[key] + moments if key in total else moments
            exact = {key: to_exact(moments) for key, moments in total.items()}
            writer.add_key_value_metadata(
                {_MADE_FROM: _made_from(group, following), _STATS: canonical(exact)}
            )
        manifest.store.put(data_key(number), path)
    return total


def _with_next_action(
    manifest: Manifest, group: tuple[Episode, ...], following: Episode | None, num_threads: int
) -> Iterator[tuple[Episode, StateTable, NDArray[np.float32] | None]]:
    """Yield each episode with its states and the inputs that follow its last frame.

    The last episode of the group needs the first frame of the next episode, if it belongs to the same game.
    """
    wanted = group + ((following,) if following is not None and not group[-1].is_last_of_game else ())
    before: tuple[Episode, StateTable] | None = None
    for episode, state in read_ahead(lambda episode: _states(manifest, episode), wanted, num_threads):
        if before is not None:
            yield *before, None if before[0].is_last_of_game else first_action(state)
        before = (episode, state)
    if before is not None and before[0].episode_index == group[-1].episode_index:
        yield *before, None


def _states(manifest: Manifest, episode: Episode) -> StateTable:
    data = manifest.store.get(episode.states_key)
    if hashlib.sha256(data).hexdigest() != episode.states_sha256:
        message = (
            f"{manifest.store.url}/{episode.states_key}: not the bytes that the manifest names; "
            "run farm audit"
        )
        raise RecordRefused(message)
    return read_states(data)


def _made_from(group: tuple[Episode, ...], following: Episode | None) -> bytes:
    """Hash everything that the rows of a data file depend on."""
    facts = [
        [e.states_sha256, e.episode_index, e.first_index, e.task_index, e.is_last_of_game] for e in group
    ]
    needs_following = following is not None and not group[-1].is_last_of_game
    facts.append([_VERSION, following.states_sha256 if following is not None and needs_following else None])
    return hashlib.sha256(canonical(facts)).hexdigest().encode()


def _stats_if_current(
    manifest: Manifest, number: int, group: tuple[Episode, ...], following: Episode | None
) -> dict[str, MaskedMoments] | None:
    """Read the statistics of an existing data file; None if it was made from something else."""
    try:
        with open_parquet(manifest.store, data_key(number)) as file:
            metadata: dict[bytes, Any] = file.metadata.metadata or {}
    except (ObjectMissing, RecordRefused):
        return None
    if metadata.get(_MADE_FROM) != _made_from(group, following):
        return None
    return {key: from_exact(exact) for key, exact in json.loads(metadata[_STATS]).items()}


def _some_pictures(manifest: Manifest) -> Iterator[NDArray[np.uint8]]:
    """Yield the first pictures of some GOPs, spread evenly over the dataset, as uint8 [H, W, 3] of RGB."""
    from manifests.video.mp4 import decode_gop  # noqa: PLC0415 - libav is an extra of the reading side

    chunks = manifest.table("chunks", ["file_number", "video_key", "avcc"]).to_pylist()
    avcc_and_key = {row["file_number"]: (row["avcc"], row["video_key"]) for row in chunks}
    step = max(1, manifest.snapshot.tables["gops"].num_rows // _MAX_PICTURES)
    place = 0
    for batch in manifest.batches("gops", ["file_number", "byte_offset", "byte_size"]):
        for row in batch.slice(-place % step).to_pylist()[::step]:
            avcc, key = avcc_and_key[row["file_number"]]
            end = row["byte_offset"] + row["byte_size"]
            yield rgb_of(next(decode_gop(manifest.store.get_range(key, row["byte_offset"], end), avcc)))
        place += batch.num_rows


def _remove_beyond(manifest: Manifest, num_files: int) -> None:
    """Remove data files of an earlier, longer compilation, because LeRobot reads every file that it finds."""
    wanted = {data_key(number) for number in range(num_files)}
    for info in list(manifest.store.list("data/")):
        if info.key not in wanted:
            manifest.store.delete(info.key)


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data
