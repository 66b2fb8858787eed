"""`farm rendition --fps` keeps every n-th frame's picture, and the states and inputs of all frames."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from farm.browse.game.pairs import describe_game
from farm.browse.pictures.moving import moving_picture
from farm.cli import farm
from farm.rendition_run import contract_like
from manifests.audit.audit import audit
from manifests.audit.findings import Depth, Kind
from manifests.exports.mira.keys import held_keys, join_steps, key_lines
from manifests.ledger.dataset import VideoContract, read_description
from manifests.ledger.entry import LedgerEntry, done_game_ids, read_entry
from manifests.lerobot.compile import compile_lerobot
from manifests.snapshot.reader import open_manifest
from manifests.state.views import BUTTONS
from manifests.store.open import open_store
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from manifests.video.mp4 import decode_luma, read_gops
from manifests.video.stamp import read_stamps
from tests.manifests.small_dataset import one_state

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.training.dataset import WindowDataset
    from tests.farm.commands.conftest import Call

pytestmark = pytest.mark.slow

STEP = 3
FIRST = one_state().first_slp_frame


def make(sound: Path, out: Path, fps: int) -> Path:
    """Make a rendition of uncropped pictures, whose stamps can still be read."""
    words = ["rendition", str(sound), "--size", "480x640", "--fps", str(fps), "--out", str(out)]
    result = CliRunner().invoke(farm, [*words, "--workers", "1"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="module")
def sparse(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(sound, tmp_path_factory.mktemp("sparse") / "at-20", 20)


def opened(root: Path, window: int | WindowSpec = 4, **options: Any) -> WindowDataset:
    usual = {"fields": ["video", "state", "action"], "verify": "stamp", "cache": None}
    return open_dataset(root, window=window, **{**usual, **options}, as_torch=False)


def committed(root: Path) -> list[LedgerEntry]:
    entries = [read_entry(open_store(root), game_id) for game_id in done_game_ids(open_store(root))]
    return [entry for entry in entries if entry is not None and entry.chunks]


def test_every_third_frame_has_a_picture_that_carries_its_stamp(sparse: Path):
    dataset = opened(sparse)
    shown = set()
    for window in range(len(dataset)):
        sample = dataset[window]  # each picture's stamp is compared with its row's slp_frame
        assert (np.diff(sample["slp_frame"]) == STEP).all()
        shown |= {(int(sample["game"]), int(frame)) for frame in sample["slp_frame"]}
    frames = {frame - FIRST for game, frame in shown if game == 0}
    assert frames <= {*range(0, 90, STEP), *range(90, 180, STEP), *range(180, 200, STEP)}


@pytest.mark.parametrize("fps", [30, 12, 4, 2])
def test_any_rate_whose_groups_of_pictures_fit_the_chunks_will_do(sound: Path, tmp_path: Path, fps: int):
    made = make(sound, tmp_path / "made", fps)
    dataset = opened(made, WindowSpec(2, frame_step=60 // fps, start="any"))
    assert len(dataset) > 0
    for window in range(0, len(dataset), 5):
        assert dataset[window]["video"].shape == (2, 3, 480, 640)
    report = audit(open_store(made), Depth.DECODE)
    assert report.holds, report.findings


def test_the_states_and_the_marks_are_those_of_the_source(sparse: Path, sound: Path):
    for entry, original in zip(committed(sparse), committed(sound), strict=True):
        for chunk, before in zip(entry.chunks, original.chunks, strict=True):
            assert chunk.states.sha256 == before.states.sha256
            assert chunk.num_frames == before.num_frames
            gops, of_source = chunk.footage[1], before.footage[1]
            assert gops.first_frame_index == of_source.first_frame_index, "key frames stay where they were"
            assert gops.num_frames == of_source.num_frames
            found = read_gops(io.BytesIO(open_store(sparse).get(chunk.footage[0].key)), fps=20)
            assert found.num_frames.sum() == -(-chunk.num_frames // STEP)


def test_the_rule_is_written_in_dataset_json(sparse: Path, sound: Path):
    plain = json.loads((sparse / "dataset.json").read_text())
    assert plain["video"]["frame_step"] == STEP
    assert "row j * 3" in plain["timing_rule"]
    assert plain["fps"] == 60, "frame k is at k / 60 s, with a picture or without"
    assert "frame_step" not in json.loads((sound / "dataset.json").read_text())["video"]


def test_its_audit_holds_down_to_the_pictures(call: Call, sparse: Path):
    result = call("audit", sparse, "--depth", "decode")
    assert result.exit_code == 0, result.output


def test_a_video_of_another_rate_is_found_by_the_audit(sparse: Path, sound: Path, tmp_path: Path):
    store = open_store(sparse)
    description = read_description(store)
    assert description.video is not None
    other = dataclasses.replace(description.video, frame_step=None)
    changed = dataclasses.replace(description, video=other)
    path = sparse / "dataset.json"
    kept = path.read_bytes()
    try:
        path.write_bytes(changed.to_json())
        found = audit(open_store(sparse), Depth.STRUCTURE).findings
    finally:
        path.write_bytes(kept)
    unread = [finding for finding in found if finding.kind is Kind.UNREADABLE]
    assert len(unread) == 9
    assert "not in its place at 1/60 s" in unread[0].detail


@pytest.mark.parametrize("actions", ["every", "any"])
def test_inputs_of_frames_without_a_picture_are_those_of_the_source(sparse: Path, sound: Path, actions: Any):
    spec = WindowSpec(4, frame_step=STEP, start="any", actions=actions)
    ours, theirs = opened(sparse, spec), opened(sound, spec)
    starts = {theirs.index.locate(window): window for window in range(len(theirs))}
    assert len(ours) > 0
    for window in range(len(ours)):
        one, other = ours[window], theirs[starts[ours.index.locate(window)]]
        for name in ("slp_frame", "action", "action_valid", "action_is_pad", "state"):
            assert np.array_equal(one[name], other[name]), name


def test_a_step_between_pictures_is_refused_by_name(sparse: Path):
    with pytest.raises(ValueError, match="frame_step is a multiple of 3, got 1; window=4 without"):
        opened(sparse, WindowSpec(4, start="any"))


def test_without_pictures_a_step_may_be_any_frame(sparse: Path):
    sample = opened(sparse, WindowSpec(4, start="any"), fields=["state"], verify="none")[1]
    assert sample["slp_frame"].tolist() == [FIRST + 3 + step for step in range(4)]


def test_all_pictures_of_a_chunk_are_read_at_once(sparse: Path):
    dataset = opened(sparse)
    assert dataset.span(0).frame_step == STEP
    sample = dataset.read_chunk(0, 10)
    assert sample["slp_frame"].tolist() == list(range(FIRST + 30, FIRST + 90, STEP))
    assert sample["video"].shape == (20, 3, 480, 640)


def test_latents_are_of_the_frames_that_have_a_picture(call: Call, sparse: Path, sound: Path, tmp_path: Path):
    table = tmp_path / "latents"
    words = ["--encoder", "manifests.latents.toy:grid", "--size", "48x64"]
    assert call("latents", sparse, table, *words).exit_code == 0
    sample = opened(sparse, fields=["state"], verify="none", join={"latent": table}, window=WindowSpec(
        4, frame_step=STEP, start="any"))[1]  # fmt: skip
    assert sample["latent_valid"].all()
    joined = opened(sound, WindowSpec(6, start="any"), fields=["state"], join={"latent": table})[0]
    assert joined["latent_valid"].tolist() == [True, False, False] * 2


def test_mira_gets_its_packets_copied_and_the_keys_of_all_frames(call: Call, sparse: Path, tmp_path: Path):
    result = call("export", "mira", sparse, tmp_path / "shards", "--size", "own")
    assert result.exit_code == 0, result.output
    assert "pictures copied" in result.output
    index = json.loads((tmp_path / "shards" / "train" / "index.json").read_text())
    assert index["export"]["fps"] == 20
    held = key_lines(join_steps(held_keys(one_state().slice(0, 90)), STEP))
    packed = (tmp_path / "shards" / "train" / "dataset_00000.tar").read_bytes()
    assert held in packed


def test_mira_cannot_get_more_pictures_than_there_are(call: Call, sparse: Path, tmp_path: Path):
    result = call("export", "mira", sparse, tmp_path / "shards", "--fps", "60")
    assert result.exit_code == 2
    assert "20 pictures a second, so fps is a divisor of that; got 60" in result.output


def test_clips_of_other_formats_have_its_rate(call: Call, sparse: Path, tmp_path: Path):
    result = call("export", "webdataset", sparse, tmp_path / "shards", "--window", "5")
    assert result.exit_code == 0, result.output
    with tarfile.open(tmp_path / "shards" / "shard-000000.tar") as archive:
        name = next(name for name in archive.getnames() if name.endswith(".mp4"))
        clip = archive.extractfile(name)
        assert clip is not None
        assert read_gops(io.BytesIO(clip.read()), fps=20).num_frames.tolist() == [5]


def test_a_clip_to_look_at_has_the_pictures_that_there_are(call: Call, sparse: Path, tmp_path: Path):
    game_id = committed(sparse)[0].game_id
    words = ["view", sparse, f"{game_id[:8]}:-110", "--frames", "12", "--no-state"]
    assert call(*words, "--out", tmp_path / "clip.mp4").exit_code == 0
    clip = list(decode_luma(tmp_path / "clip.mp4"))
    assert len(clip) == 4
    numbers, valid = read_stamps(np.stack(clip))
    assert valid.all()
    assert numbers.tolist() == [-111, -108, -105, -102], "from the picture that -110 falls to"


def test_the_browser_is_told_how_many_pictures_a_group_has(sparse: Path):
    page = describe_game(open_store(sparse), committed(sparse)[0].game_id)
    assert page is not None
    assert page["picture_step"] == STEP
    assert page["chunks"][0]["gops"]["num_pictures"] == [10, 10, 10]
    assert page["chunks"][2]["gops"]["num_pictures"] == [7]


def test_a_moment_lasts_a_second_at_30_pictures_a_second_too(sound: Path, tmp_path: Path):
    made = make(sound, tmp_path / "made", 30)
    data = moving_picture(open_store(made), committed(made)[0], FIRST)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()  # which says how long it is shown
        assert picture.n_frames == 15
        assert picture.info["duration"] * picture.n_frames == pytest.approx(1000, rel=0.02)


def test_lerobot_rows_are_the_frames_with_a_picture_and_hold_all_inputs(sparse: Path):
    compile_lerobot(open_manifest(str(sparse)))
    info = json.loads((sparse / "meta" / "info.json").read_text())
    rows = pq.read_table(sparse / "data" / "chunk-000" / "file-000.parquet").to_pydict()
    episode = [row for row, number in enumerate(rows["episode_index"]) if number == 0]
    assert info["fps"] == 20
    assert [rows["slp_frame"][row] for row in episode] == list(range(FIRST, FIRST + 90, STEP))
    assert rows["timestamp"][1] == pytest.approx(1 / 20)
    action = info["features"]["action"]["names"]
    buttons = [place for place, name in enumerate(action) if ".buttons." in name]
    state = one_state()
    held = np.stack([state.values(f"p{n}.buttons") for n in (0, 1)], axis=1)
    for row in episode[:-1]:
        frames = range(row * STEP + 1, row * STEP + 1 + STEP)
        due = np.bitwise_or.reduce(held[list(frames)], axis=0)
        found = np.array(rows["action"][row])[buttons].reshape(2, -1).sum(axis=1)
        bits = [sum(bool(one & bit) for bit in BUTTONS.values()) for one in due.tolist()]
        assert found.tolist() == bits


def test_a_rate_that_does_not_divide_fails_before_anything_is_made(call: Call, sound: Path, tmp_path: Path):
    result = call("rendition", sound, "--size", "48x64", "--fps", "25", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "fps is one of [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]; got 25" in result.output
    assert not (tmp_path / "out").exists()


def test_a_rendition_of_a_rendition_holds_what_both_say(sparse: Path, tmp_path: Path):
    again = make(sparse, tmp_path / "again", 10)
    dataset = opened(again, WindowSpec(2, frame_step=6, start="any"))
    assert {int(frame - FIRST) % 6 for frame in dataset[1]["slp_frame"]} == {0}
    result = CliRunner().invoke(farm, ["rendition", str(sparse), "--size", "48x64", "--fps", "30"])
    assert "the source has 20 pictures a second" in result.output


@pytest.mark.parametrize("fps", [n for n in range(1, 61) if 60 % n == 0])
def test_key_frames_are_among_the_frames_shown_at_any_rate(fps: int):
    source = VideoContract(width=640, height=480, gop_frames=30, crf=23.0, preset="veryfast")
    made = contract_like(source, (288, 384), fps)
    assert made.gop_frames in (30, 60)
    assert made.gop_frames % made.picture_step == 0
    assert made.fps == fps
    assert 3600 % made.gop_frames == 0


def test_its_events_are_those_of_the_source(sparse: Path, sound: Path):
    assert [entry.events for entry in committed(sparse)] == [entry.events for entry in committed(sound)]
    assert open_manifest(sparse).events().equals(open_manifest(sound).events())
