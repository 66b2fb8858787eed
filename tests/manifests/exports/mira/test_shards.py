"""An export in MIRA's layout, read by the layout's description: tar members, index.json, their contents."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.errors import RecordRefused
from manifests.exports.mira.keys import KEYS, held_keys, join_steps
from manifests.exports.mira.options import MiraOptions
from manifests.store.contract import StoreFailed
from manifests.store.local import LocalStore
from manifests.video.mp4 import decode_luma, read_gops
from manifests.video.stamp import read_stamps
from tests.manifests.exports.mira.conftest import WHOLE, export, index_of, members
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES, one_state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_nothing_is_left_of_the_work_in_progress(copied: Path):
    assert sorted(path.name for path in (copied / "train").iterdir()) == ["dataset_00000.tar", "index.json"]


def bytes_of(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_the_index_adds_up_and_every_member_that_it_implies_is_there(copied: Path):
    index, found = index_of(copied / "train"), members(copied / "train")
    assert index["total_samples"] == len(index["entries"]) == NUM_GAMES
    implied = set()
    for entry in index["entries"]:
        assert "." not in entry["match_id"]
        assert entry["chunk_frames"] == [90, 90, 20]  # the dataset's chunks are shorter than 4 s
        (view,) = entry["perspectives"]
        assert entry["n_players"] == 1
        assert view["frames"] == sum(entry["chunk_frames"]) == view["duration"] * 60
        for number in range(len(entry["chunk_frames"])):
            key = f"{entry['match_id']}_c{number:05d}"
            implied |= {f"{key}.{field}" for field in
                        ("p0.mp4", "p0.jsonl", "p0.physics.jsonl", "meta.json")}  # fmt: skip
    assert implied == set(found)


@pytest.mark.slow
def test_copied_packets_show_the_stamps_of_their_rows(copied: Path):
    entry, found = index_of(copied / "train")["entries"][0], members(copied / "train")
    shown: list[int] = []
    for number in range(3):
        mp4 = found[f"{entry['match_id']}_c{number:05d}.p0.mp4"]
        numbers, valid = read_stamps(np.stack([one.copy() for one in decode_luma(io.BytesIO(mp4))]))
        assert valid.all()
        shown += numbers.tolist()
    assert shown == one_state().values("slp_frame").tolist()


@pytest.mark.slow
def test_each_frame_has_its_keys_and_its_state(copied: Path):
    entry, found = index_of(copied / "train")["entries"][0], members(copied / "train")
    keys = [f"{entry['match_id']}_c{number:05d}.p0" for number in range(3)]
    pressed = [json.loads(line)["keys"] for key in keys for line in found[f"{key}.jsonl"].splitlines()]
    expected = [np.array(KEYS)[row].tolist() for row in held_keys(one_state())]
    assert pressed == expected
    assert any(pressed)
    state = [json.loads(line) for key in keys for line in found[f"{key}.physics.jsonl"].splitlines()]
    assert [line["slp_frame"] for line in state] == one_state().values("slp_frame").tolist()
    for player, name in ((0, "P1"), (1, "P2")):
        fighter = [next(one for one in line["fighters"] if one["fighter"] == name) for line in state]
        for column in ("x", "percent", "action", "stocks"):
            values = one_state().values(f"p{player}.{column}")
            assert (np.array([one[column] for one in fighter], values.dtype) == values).all()


@pytest.mark.slow
@pytest.mark.parametrize("fps", [60, 20])
def test_pieces_from_the_middle_of_a_chunk_have_pictures_keys_and_states_of_their_own_frames(
    sound: Path, tmp_path: Path, fps: int
):
    export(sound, tmp_path, MiraOptions(size=None, fps=fps, chunk_seconds=1))
    entry, found = index_of(tmp_path / "train")["entries"][0], members(tmp_path / "train")
    step = 60 // fps
    spans = [(0, 60), (60, 90), (90, 150), (150, 180), (180, 200)]
    assert entry["chunk_frames"] == [len(range(*span, step)) for span in spans]
    for number, (start, end) in enumerate(spans):
        key = f"{entry['match_id']}_c{number:05d}.p0"
        pictures = np.stack([one.copy() for one in decode_luma(io.BytesIO(found[f"{key}.mp4"]))])
        expected = list(range(start - 123, end - 123, step))
        assert read_stamps(pictures)[0].tolist() == expected
        lines = found[f"{key}.physics.jsonl"].splitlines()
        assert [json.loads(line)["slp_frame"] for line in lines] == expected
        keys = [json.loads(line)["keys"] for line in found[f"{key}.jsonl"].splitlines()]
        held = join_steps(held_keys(one_state().slice(start, end)), step)
        assert keys == [np.array(KEYS)[row].tolist() for row in held]


def test_what_a_replay_did_not_record_is_null(copied: Path):
    state = one_state()
    lines = next(data for name, data in members(copied / "train").items() if "physics" in name).splitlines()
    fighter = json.loads(lines[0])["fighters"][0]
    assert [name for name, value in fighter.items() if value is None] == [
        name for name in fighter if name != "fighter" and not state.valid(f"p0.{name}")[0]
    ]


@pytest.mark.slow
def test_smaller_pictures_at_20_a_second_have_keys_joined(sound: Path, tmp_path: Path):
    done = export(sound, tmp_path, MiraOptions(size=(96, 128), fps=20))
    assert not done.is_copy
    index, found = index_of(tmp_path / "train"), members(tmp_path / "train")
    entry = index["entries"][0]
    assert entry["chunk_frames"] == [30, 30, 7]
    assert entry["perspectives"][0]["duration"] == 67 / 20
    key = f"{entry['match_id']}_c00001.p0"
    pictures = list(decode_luma(io.BytesIO(found[f"{key}.mp4"])))
    assert (len(pictures), pictures[0].shape) == (30, (96, 128))
    expected = join_steps(held_keys(one_state().slice(90, 180)), 3)
    lines = [json.loads(line)["keys"] for line in found[f"{key}.jsonl"].splitlines()]
    assert lines == [np.array(KEYS)[row].tolist() for row in expected]
    frames = [json.loads(line)["slp_frame"] for line in found[f"{key}.physics.jsonl"].splitlines()]
    assert frames == list(range(-123 + 90, -123 + 180, 3))
    assert index["export"]["encoding"]["codec"] == "h264"


def test_copies_are_mp4s_of_whole_groups_of_pictures(copied: Path):
    mp4 = next(data for name, data in members(copied / "train").items() if name.endswith("c00000.p0.mp4"))
    gops = read_gops(io.BytesIO(mp4))
    assert (gops.num_frames.tolist(), gops.width, gops.height) == ([30, 30, 30], 640, 480)
    assert index_of(copied / "train")["export"]["encoding"] is None


def test_the_same_dataset_gives_the_same_bytes(sound: Path, copied: Path, tmp_path: Path):
    export(sound, tmp_path)
    assert bytes_of(tmp_path) == bytes_of(copied)


class FailsAt(LocalStore):
    """A store that fails when the second shard is put."""

    def put(self, key: str, data: bytes | Path) -> None:
        if key.endswith("00001.tar"):
            message = "no room"
            raise StoreFailed(message)
        super().put(key, data)


@pytest.mark.slow
def test_a_stopped_export_goes_on_and_gives_the_same_bytes(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small = MiraOptions(size=None, shard_bytes=1)
    export(sound, tmp_path / "whole", small)
    assert len(list((tmp_path / "whole" / "train").glob("*.tar"))) == NUM_GAMES
    with monkeypatch.context() as patched:
        patched.setattr("tests.manifests.exports.mira.conftest.open_store", FailsAt)
        with pytest.raises(StoreFailed):
            export(sound, tmp_path / "out", small)
    assert not (tmp_path / "out" / "train" / "index.json").exists()
    told: list[int] = []
    export(sound, tmp_path / "out", small, on_game=told.append)
    assert told == [2, 3]  # the first game had been exported before
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_a_finished_export_is_left_as_it_is(sound: Path, copied: Path):
    before = bytes_of(copied)
    told: list[int] = []
    done = export(sound, copied, on_game=told.append)
    assert (done.games, done.pictures, told) == (NUM_GAMES, NUM_GAMES * NUM_FRAMES, [])
    assert bytes_of(copied) == before


def test_a_folder_with_another_export_is_refused(sound: Path, copied: Path):
    with pytest.raises(RecordRefused, match="another export"):
        export(sound, copied, MiraOptions(size=(96, 128)))
    assert index_of(copied / "train")["export"]["size"] == [480, 640]


def test_no_players_and_no_machines_are_named(copied: Path):
    for name, data in members(copied / "train").items():
        if not name.endswith(".mp4"):
            assert not [word for word in (b"0a1b", b"mode.unranked", b".slp") if word in data]
    assert "0a1b" not in (copied / "train" / "index.json").read_text()


@pytest.mark.parametrize(
    "wrong", [{"size": (95, 128)}, {"size": (0, 128)}, {"fps": 24}, {"fps": 0}, {"chunk_seconds": 0}]
)
def test_options_that_make_no_sense_fail(wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"divides|even|or more"):
        MiraOptions(**wrong)


def test_the_defaults_are_what_the_public_models_train_at():
    assert (MiraOptions().size, WHOLE.piece_frames, MiraOptions(fps=20).frame_step) == ((288, 384), 240, 3)


def test_each_states_file_is_read_once(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    get = LocalStore.get

    def counted(store: LocalStore, key: str) -> bytes:
        read.append(key)
        return get(store, key)

    monkeypatch.setattr(LocalStore, "get", counted)
    export(sound, tmp_path / "out")
    states = [key for key in read if key.startswith("states/")]
    assert len(states) == len(set(states)) == 3 * NUM_GAMES
