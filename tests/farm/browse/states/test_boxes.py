"""The side table of boxes, and boxes in a clip, of datasets whose camera is known and of others."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from farm.browse.states.known_boxes import boxes_page
from farm.cli import farm
from farm.view import ClipRefused, write_clip
from manifests.ledger.entry import done_game_ids, read_entries, withdraw, write_entry
from manifests.snapshot.finalize import finalize
from manifests.store.open import open_store
from manifests.training.open import open_dataset
from manifests.training.sample import as_dict
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES
from workers.standin.image.pack import image_sha256

if TYPE_CHECKING:
    from pathlib import Path


def boxes(*words: str):
    result = CliRunner().invoke(farm, ["boxes", *words])
    return result.exit_code, result.output or str(result.exception)


@pytest.fixture(scope="module")
def drawn_here(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small dataset, recorded as drawn by this installation's stand-in."""
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


def test_boxes_come_with_windows_as_a_side_table(drawn_here: Path, tmp_path: Path):
    out = tmp_path / "boxes.parquet"
    assert boxes(str(drawn_here), "--out", str(out))[0] == 0
    dataset = open_dataset(
        drawn_here, window=8, fields=["state"], join={"box": out}, cache=None, as_torch=False
    )
    rows = pq.read_table(out).to_pydict()
    assert dataset.names["box"][:2] == ("p0.box_left", "p0.box_top")
    batch = as_dict(next(iter(dataset.stream(batch_size=4))))
    assert batch["box"].shape == batch["box_valid"].shape == (4, 8, 16)
    keys = list(zip(rows["game_id"], rows["slp_frame"], strict=True))
    for window in range(4):
        key = (bytes(batch["game_id"][window]).hex(), int(batch["slp_frame"][window, 0]))
        for place, name in enumerate(dataset.names["box"]):
            due = rows[name][keys.index(key)]
            assert batch["box_valid"][window, 0, place] == (due is not None)
            assert batch["box"][window, 0, place] == (0 if due is None else np.float32(due))


@pytest.mark.slow
def test_boxes_of_a_rendition_are_those_of_its_smaller_pictures(drawn_here: Path, tmp_path: Path):
    small = tmp_path / "small"
    words = ["rendition", str(drawn_here), "--size", "240x160", "--out", str(small), "--workers", "1"]
    assert CliRunner().invoke(farm, words, catch_exceptions=False).exit_code == 0
    found = {}
    for name, root in (("whole", drawn_here), ("small", small)):
        assert boxes(str(root), "--out", str(tmp_path / f"{name}.parquet"))[0] == 0
        found[name] = pq.read_table(tmp_path / f"{name}.parquet")
    for edge, factor in (("left", 0.25), ("top", 0.5), ("right", 0.25), ("bottom", 0.5)):
        column = f"p0.box_{edge}"
        whole, one = (np.array(found[name][column].to_pylist(), float) for name in ("whole", "small"))
        assert not np.isnan(whole).all()
        assert np.allclose(one, whole * factor, equal_nan=True, rtol=1e-6)


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


def test_a_page_has_the_boxes_of_the_table_and_else_the_reason(drawn_here: Path, sound: Path, tmp_path: Path):
    entry = entry_of(drawn_here)
    found = boxes_page(open_store(drawn_here), entry)
    out = tmp_path / "boxes.parquet"
    assert boxes(str(drawn_here), "--out", str(out))[0] == 0
    rows = [row for row in pq.read_table(out).to_pylist() if row["game_id"] == entry.game_id]
    assert found["why"] == ""
    assert found["first_slp_frame"] == rows[0]["slp_frame"]
    for row, box in zip(rows, found["fighters"]["p1"], strict=True):
        edges = [row[f"p1.box_{edge}"] for edge in ("left", "top", "right", "bottom")]
        assert box == (None if edges[0] is None else pytest.approx(edges, abs=0.5))
    unknown = boxes_page(open_store(sound), entry_of(sound))
    assert unknown["fighters"] == {}
    assert "where this game's camera looked is not recorded" in unknown["why"]


def entry_of(dataset: Path):
    store = open_store(dataset)
    return next(each for each in read_entries(store, done_game_ids(store)) if each.chunks)
