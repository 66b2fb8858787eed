"""The side table of boxes, and the boxes in a clip, of a dataset whose camera is known, and of others."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.view import ClipRefused, write_clip
from manifests.ledger.entry import done_game_ids, read_entries, withdraw, write_entry
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES
from workers.standin.image.pack import image_sha256

if TYPE_CHECKING:
    from pathlib import Path


def boxes(*words: str):
    result = CliRunner().invoke(farm, ["boxes", *words])
    return result.exit_code, result.output or str(result.exception)


@pytest.fixture(scope="module")
def drawn_here(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small dataset, as if the stand-in of this installation had drawn it."""
    folder = tmp_path_factory.mktemp("drawn") / "dataset"
    shutil.copytree(sound, folder)
    store = open_store(folder)
    for entry in list(read_entries(store, done_game_ids(store))):
        if entry.chunks:
            withdraw(store, entry.game_id, force=True)
            write_entry(store, dataclasses.replace(entry, fingerprint={"standin_sha256": image_sha256()}))
    finalize(store, from_scratch=True)
    return folder


def test_the_table_has_a_row_per_frame_and_boxes_of_the_players(drawn_here: Path, tmp_path: Path):
    out = tmp_path / "boxes.parquet"
    status, output = boxes(str(drawn_here), "--out", str(out), "--json")
    assert status == 0, output
    told, rows = json.loads(output), pq.read_table(out)
    assert told["num_games"] == told["num_known_games"] == NUM_GAMES
    assert rows.num_rows == told["num_frames"] == NUM_GAMES * NUM_FRAMES
    keys = list(zip(rows["game_id"].to_pylist(), rows["slp_frame"].to_pylist(), strict=True))
    assert keys == sorted(set(keys))
    seen = sum(rows.num_rows - rows[f"p{player}.box_left"].null_count for player in (0, 1))
    assert seen == told["num_boxes"] > 0.9 * 2 * rows.num_rows


def test_boxes_are_null_where_the_camera_is_not_known(sound: Path, tmp_path: Path):
    out = tmp_path / "boxes.parquet"
    status, output = boxes(str(sound), "--out", str(out))
    assert status == 0, output
    assert "the camera is known in 0; boxes in 0.0% of both players' frames" in output
    rows = pq.read_table(out)
    assert rows["p0.box_left"].null_count == rows.num_rows == NUM_GAMES * NUM_FRAMES


def test_another_file_is_not_written_over(sound: Path, tmp_path: Path):
    out = tmp_path / "game.slp"
    out.write_bytes(b"{U\x03raw")
    status, output = boxes(str(sound), "--out", str(out))
    assert status != 0
    assert "something else than Parquet" in output
    assert out.read_bytes() == b"{U\x03raw"


def test_a_folder_that_is_not_there_is_one_line_and_leaves_nothing(sound: Path, tmp_path: Path):
    status, output = boxes(str(sound), "--out", str(tmp_path / "none" / "boxes.parquet"))
    assert status != 0
    assert "give another --out" in output
    assert list(tmp_path.iterdir()) == []


def test_a_clip_shows_the_boxes(drawn_here: Path, tmp_path: Path):
    for name, with_boxes in (("boxed.mp4", True), ("plain.mp4", False)):
        clip = tmp_path / name
        assert write_clip(str(drawn_here), "30", 4, clip, with_state=False, with_boxes=with_boxes) == 4
    assert (tmp_path / "boxed.mp4").read_bytes() != (tmp_path / "plain.mp4").read_bytes()


def test_a_clip_with_boxes_of_a_game_without_a_known_camera_is_refused(sound: Path, tmp_path: Path):
    with pytest.raises(ClipRefused, match="its camera is not known"):
        write_clip(str(sound), "0", 4, tmp_path / "clip.mp4", with_boxes=True)
    assert list(tmp_path.iterdir()) == []
