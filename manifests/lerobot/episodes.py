"""Number chunks as LeRobot episodes, and find their rows and videos, from the manifests alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from manifests.store.keys import VIDEO_FEATURE, lerobot_position

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manifests.snapshot.reader import Manifest

SPLITS: Final = ("train", "val", "test")
"""The order of the splits; splits with other names follow in order of their names."""
EPISODES_PER_DATA_FILE: Final = 256
FILES_PER_FOLDER: Final = 1000


@dataclass(frozen=True, slots=True)
class Episode:
    """One chunk of a game as a LeRobot episode.

    Attributes:
        episode_index: number of the episode, from 0 without gaps: the splits in their order, and within a
            split by file number.
        first_index: number of its first frame among the frames of all episodes.
        num_frames: number of its frames, which are those of the chunk that have a picture.
        task_index: row of its task in the table of tasks.
        game_id: the game that it belongs to.
        split: train, val or test, as planned.
        slp_frame_start: slp_frame of its first frame.
        is_last_of_game: whether it is the last chunk of its game.
        states_key, states_sha256, video_key: key and hash of its states file, and key of its video.
    """

    episode_index: int
    first_index: int
    num_frames: int
    task_index: int
    game_id: str
    split: str
    slp_frame_start: int
    is_last_of_game: bool
    states_key: str
    states_sha256: str
    video_key: str

    @property
    def data_file(self) -> int:
        """Number of the file in data/ that holds its rows."""
        return self.episode_index // EPISODES_PER_DATA_FILE


@dataclass(frozen=True, slots=True)
class Episodes:
    """All episodes in order, and the tasks that they name."""

    episodes: tuple[Episode, ...]
    tasks: tuple[str, ...]

    @property
    def num_frames(self) -> int:
        """Number of frames of all episodes."""
        return sum(episode.num_frames for episode in self.episodes)

    def splits(self) -> dict[str, str]:
        """Make LeRobot's splits: each a range of episodes, `start:exclusive_end`."""
        ranges: dict[str, tuple[int, int]] = {}
        for episode in self.episodes:
            start, _ = ranges.get(episode.split, (episode.episode_index, 0))
            ranges[episode.split] = (start, episode.episode_index + 1)
        return {split: f"{start}:{exclusive_end}" for split, (start, exclusive_end) in ranges.items()}

    def data_files(self) -> Iterator[tuple[Episode, ...]]:
        """Yield the episodes of each file in data/, in order."""
        for start in range(0, len(self.episodes), EPISODES_PER_DATA_FILE):
            yield self.episodes[start : start + EPISODES_PER_DATA_FILE]


def episodes_of(manifest: Manifest) -> Episodes:
    """Number the chunks of a snapshot as episodes."""
    task_of = _tasks_by_game(manifest)
    tasks = tuple(sorted(set(task_of.values())))
    task_indices = {task: place for place, task in enumerate(tasks)}
    columns = ["game_id", "chunk_index", "file_number", "split", "slp_frame_start", "num_frames"]
    columns += ["video_key", "states_key", "states_sha256"]
    rows = [row for batch in manifest.batches("chunks", columns) for row in batch.to_pylist()]
    last_chunk = {row["game_id"]: row["chunk_index"] for row in rows}  # rows of a game are in order
    rows.sort(key=lambda row: (*_split_place(row["split"]), row["file_number"]))
    episodes, first_index = [], 0
    step = manifest.description.picture_step
    for episode_index, row in enumerate(rows):
        num_frames = -(-row["num_frames"] // step)
        episodes.append(
            Episode(
                episode_index=episode_index,
                first_index=first_index,
                num_frames=num_frames,
                task_index=task_indices[task_of[row["game_id"]]],
                game_id=row["game_id"],
                split=row["split"] or "",
                slp_frame_start=row["slp_frame_start"],
                is_last_of_game=row["chunk_index"] == last_chunk[row["game_id"]],
                states_key=row["states_key"],
                states_sha256=row["states_sha256"],
                video_key=row["video_key"],
            )
        )
        first_index += num_frames
    return Episodes(tuple(episodes), tasks)


def data_position(number: int) -> tuple[int, int]:
    """Return LeRobot's (chunk_index, file_index) of a data file."""
    return divmod(number, FILES_PER_FOLDER)


def episodes_table(episodes: Sequence[Episode], tasks: Sequence[str], fps: int) -> pa.Table:
    """Make the rows of meta/episodes."""
    video = f"videos/{VIDEO_FEATURE}"
    rows = [
        {
            "episode_index": episode.episode_index,
            "tasks": [tasks[episode.task_index]],
            "length": episode.num_frames,
            "data/chunk_index": data_position(episode.data_file)[0],
            "data/file_index": data_position(episode.data_file)[1],
            "dataset_from_index": episode.first_index,
            "dataset_to_index": episode.first_index + episode.num_frames,
            f"{video}/chunk_index": lerobot_position(episode.video_key)[0],
            f"{video}/file_index": lerobot_position(episode.video_key)[1],
            f"{video}/from_timestamp": 0.0,
            f"{video}/to_timestamp": episode.num_frames / fps,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
            "game_id": episode.game_id,
            "split": episode.split,
            "slp_frame_start": episode.slp_frame_start,
        }
        for episode in episodes
    ]
    return pa.Table.from_pylist(rows)


def tasks_table(tasks: Sequence[str]) -> pa.Table:
    """Make the rows of meta/tasks.parquet; for pandas, the task is the index of the table."""
    index = "__index_level_0__"
    kinds = {"task_index": "int64", index: "unicode"}
    pandas = {
        "index_columns": [index],
        "column_indexes": [],
        "columns": [
            {
                "name": None if name == index else name,
                "field_name": name,
                "pandas_type": kind,
                "numpy_type": "object" if name == index else kind,
                "metadata": None,
            }
            for name, kind in kinds.items()
        ],
        "pandas_version": "2.0.0",
    }
    schema = pa.schema(
        [("task_index", pa.int64()), (index, pa.string())], metadata={"pandas": json.dumps(pandas)}
    )
    return pa.table([list(range(len(tasks))), list(tasks)], schema=schema)


def _tasks_by_game(manifest: Manifest) -> dict[str, str]:
    columns = ["game_id", "characters", "stage_name"]
    return {
        row["game_id"]: f"{' vs '.join(row['characters'])} on {row['stage_name']}"
        for batch in manifest.batches("games", columns)
        for row in batch.to_pylist()
    }


def _split_place(split: str | None) -> tuple[int, str]:
    return (SPLITS.index(split), "") if split in SPLITS else (len(SPLITS), split or "")


def data_key(number: int) -> str:
    """Make the key of a data file."""
    chunk_index, file_index = data_position(number)
    return f"data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"


def info_json(episodes: Episodes, features: dict[str, Any], fps: int) -> dict[str, Any]:
    """Make the contents of meta/info.json."""
    return {
        "codebase_version": "v3.0",
        "robot_type": "melee",
        "total_episodes": len(episodes.episodes),
        "total_frames": episodes.num_frames,
        "total_tasks": len(episodes.tasks),
        "chunks_size": FILES_PER_FOLDER,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": fps,
        "splits": episodes.splits(),
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
        "features": features,
    }
