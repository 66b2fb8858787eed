"""Windows with columns joined from side tables, whole chunks, and ids that are the same in any selection."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.errors import DatasetError
from manifests.side_tables.writer import SideTableWriter
from manifests.training.sample import as_dict
from tests.manifests.small_dataset import NUM_FRAMES, one_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

    Open = Callable[..., WindowDataset]


def latents_of(game_id: str, slp_frames: np.ndarray) -> np.ndarray:
    """Values that differ for every frame of every game."""
    return np.stack([slp_frames + 0.5, np.full(slp_frames.size, int(game_id[:6], 16))], axis=1)


@pytest.fixture
def latents(opened: Open, tmp_path: Path) -> Path:
    """A side table for all chunks of the dataset except the last one."""
    dataset, writer = opened(), SideTableWriter(tmp_path / "latents")
    for chunk in range(dataset.num_chunks - 1):
        span = dataset.span(chunk)
        frames = np.arange(span.num_frames) + span.slp_frame_start
        writer.write(span, latents_of(span.game_id, frames))
    return tmp_path / "latents"


def id_of(sample: object) -> str:
    return bytes(as_dict(sample)["game_id"]).hex()


@pytest.mark.slow
def test_a_window_gets_the_rows_of_its_own_frames(opened: Open, latents: Path):
    dataset = opened(window=8, frame_step=3, join={"latent": latents})
    for sample in (dataset[0], dataset[3], dataset[-3]):
        one = as_dict(sample)
        assert one["latent_valid"].all()
        assert (one["latent"] == latents_of(id_of(sample), one["slp_frame"])).all()


def test_one_table_serves_any_selection(opened: Open, latents: Path):
    """`game` and `chunk` number the selected games; a table keyed by them would give other games' rows."""
    every = opened(window=8, join={"latent": latents})
    last = every.games["game_id"].to_pylist()[-1]
    alone = opened(window=8, filter=f"game_id == '{last}'", join={"latent": latents})
    assert (alone[0]["game"], id_of(alone[0])) == (0, last)
    assert (as_dict(alone[0])["latent"] == latents_of(last, alone[0]["slp_frame"])).all()


def test_rows_that_the_table_lacks_are_zero_and_marked(opened: Open, latents: Path):
    dataset = opened(window=8, join={"latent": latents})
    assert dataset.span(int(dataset[-1]["chunk"])) == dataset.span(dataset.num_chunks - 1)
    sample = as_dict(dataset[-1])
    assert not sample["latent_valid"].any()
    assert not sample["latent"].any()


def test_batches_and_other_processes_have_the_same_rows(opened: Open, latents: Path):
    dataset = pickle.loads(pickle.dumps(opened(window=8, join={"latent": latents})))  # noqa: S301 - our own
    batch = next(iter(dataset.stream(batch_size=4)))
    assert batch["game_id"].shape == (4, 32)
    for place in range(4):
        valid = as_dict(batch)["latent_valid"][place]
        expected = latents_of(bytes(batch["game_id"][place]).hex(), batch["slp_frame"][place])
        assert (as_dict(batch)["latent"][place][valid] == expected[valid]).all()


def test_a_forked_process_reads_the_table_by_connections_of_its_own(opened: Open, latents: Path, monkeypatch):
    dataset = opened(window=8, join={"latent": latents})
    before = as_dict(dataset[0])["latent"]
    table = dataset.reader.joins.open()["latent"]
    store = table._store
    monkeypatch.setattr("manifests.training.reader.os.getpid", lambda: -1)
    assert (as_dict(dataset[0])["latent"] == before).all()
    assert dataset.reader.joins.open()["latent"] is table
    assert table._store is not store


@pytest.mark.parametrize("name", ["video", "state", "state_ids", "game", "is_context"])
def test_a_name_that_samples_have_already_is_refused(opened: Open, latents: Path, name: str):
    with pytest.raises(ValueError, match="of their own"):
        opened(join={name: latents})


def test_join_is_a_mapping(opened: Open, latents: Path):
    with pytest.raises(ValueError, match="join names side tables"):
        opened(join=str(latents))


def test_a_table_that_is_not_there_fails_at_opening(opened: Open, tmp_path: Path):
    with pytest.raises(DatasetError, match="no side table"):
        opened(join={"latent": tmp_path / "nothing"})


def test_a_chunk_is_read_whole_whatever_the_windows_are(opened: Open):
    dataset = opened(window=4, frame_step=5, stride=2)
    assert sum(dataset.span(chunk).num_frames for chunk in range(dataset.num_chunks)) == 3 * NUM_FRAMES
    span, sample = dataset.span(1), dataset.read_chunk(1)
    assert sample["slp_frame"].tolist() == list(
        range(span.slp_frame_start, span.slp_frame_start + span.num_frames)
    )
    assert sample["video"].shape == (90, 3, 480, 640)
    x = sample["state"][:, dataset.names["state"].index("p0.x")]
    assert (x == one_state().values("p0.x")[90:180]).all()


def test_a_part_of_a_chunk_is_those_frames_alone(opened: Open):
    dataset = opened()
    part, whole = dataset.read_chunk(0, 25, 40), dataset.read_chunk(0)
    assert (part["video"] == whole["video"][25:40]).all()
    assert (part["slp_frame"] == whole["slp_frame"][25:40]).all()


@pytest.mark.parametrize("place", [(9,), (-1,), (0, 5, 5), (0, 0, 91), (0, -1, 5)])
def test_a_chunk_or_frame_that_is_not_there_fails(opened: Open, place: tuple[int, ...]):
    with pytest.raises(IndexError, match="chunk"):
        opened().read_chunk(*place)
