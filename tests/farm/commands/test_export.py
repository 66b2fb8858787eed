"""`farm export` writes windows in other projects' formats, with the options that a person gives."""

from __future__ import annotations

import hashlib
import json
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from farm.commands.export import HEEDED
from manifests.errors import DatasetError, RecordRefused
from tests.manifests.small_dataset import NUM_FRAMES, one_state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

pytestmark = pytest.mark.slow


def test_webdataset_shards_hold_as_many_samples_as_it_says(call: Call, sound: Path, tmp_path: Path):
    out = tmp_path / "shards"
    result = call("export", "webdataset", sound, out, "--window", 30)
    assert result.exit_code == 0, result.output
    count = int(result.stdout.split()[0])
    assert result.stdout == f"{count} windows of 30 frames in {out}\n"
    names = []
    for shard in sorted(out.glob("*.tar")):
        with tarfile.open(shard) as archive:
            names += [name for name in archive.getnames() if name.endswith(".mp4")]
    assert len(names) == len(set(names)) == count > 0


def test_smaller_shards_are_more(call: Call, sound: Path, tmp_path: Path):
    call("export", "webdataset", sound, tmp_path / "large", "--window", 30)
    call("export", "webdataset", sound, tmp_path / "small", "--window", 30, "--shard-mb", 0.02)
    assert len(list((tmp_path / "small").glob("*.tar"))) > len(list((tmp_path / "large").glob("*.tar")))


def test_mds_writes_its_index(call: Call, sound: Path, tmp_path: Path):
    result = call("export", "mds", sound, tmp_path / "mds", "--window", 30)
    assert result.exit_code == 0, result.output
    index = json.loads((tmp_path / "mds" / "index.json").read_text())
    assert sum(shard["samples"] for shard in index["shards"]) == int(result.stdout.split()[0])


def test_a_scale_makes_pictures_smaller(call: Call, sound: Path, tmp_path: Path):
    result = call("export", "zarr", sound, tmp_path / "small.zarr", "--window", 8, "--scale", 8)
    assert result.exit_code == 0, result.output
    shapes = [
        json.loads(path.read_text()).get("shape") for path in (tmp_path / "small.zarr").rglob("zarr.json")
    ] + [json.loads(path.read_text())["shape"] for path in (tmp_path / "small.zarr").rglob(".zarray")]
    assert any(shape and {60, 80} <= set(shape) for shape in shapes)


def test_zarr_may_start_windows_anywhere_and_says_what_key_frames_alone_leave_out(
    call: Call, sound: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    words = ("--window", 16, "--scale", 80, "--split", "train")
    few = call("export", "zarr", sound, tmp_path / "few.zarr", *words)
    assert "every 30 frames, show 56.0 % of the frames" in caplog.text
    caplog.clear()
    more = call("export", "zarr", sound, tmp_path / "all.zarr", *words, "--start", "any", "--stride", 16)
    assert not caplog.records
    assert int(more.stdout.split()[0]) > int(few.stdout.split()[0])
    refused = call("export", "mds", sound, tmp_path / "mds", "--start", "any")
    assert refused.exit_code == 2
    assert "mds does not heed --start" in refused.output


def test_packed_states_are_read_with_numpy_alone(call: Call, sound: Path, tmp_path: Path):
    fields = ("state", "p0.d_dead", "rng_seed", "whispy")
    words = [word for field in fields for word in ("--field", field)]
    result = call("export", "packed", sound, tmp_path / "rows", *words)
    assert result.exit_code == 0, result.output
    index = json.loads((tmp_path / "rows" / "index.json").read_text())
    assert f"{3 * NUM_FRAMES} frames of {index['row_bytes']} bytes, of 3 games" in result.output
    rows, patterns = (np.load(tmp_path / "rows" / f"{name}-00000.npy") for name in ("rows", "patterns"))
    valid = patterns[rows.view(np.uint16)[:, index["code_byte"] // 2]]
    chunks = np.load(tmp_path / "rows" / "chunks.npy")
    named = [dict(zip(index["chunks"]["columns"], row, strict=True)) for row in chunks.tolist()]
    for chunk in named:
        first = chunk["slp_frame_start"] - one_state().first_slp_frame
        frames, own = slice(first, first + chunk["num_frames"]), slice(chunk["first_row"], None)
        for place, column in enumerate(index["columns"]):
            dtype = np.dtype(column["dtype"])
            if column["bit"] is None:
                values = rows.view(dtype)[:, column["byte"] // dtype.itemsize]
            else:
                values = rows[:, column["byte"]] >> column["bit"] & 1
            if "d_" in column["name"] or column["name"] not in one_state().columns:
                continue
            is_valid = one_state().valid(column["name"])[frames]
            assert (valid[own, place][: chunk["num_frames"]] == is_valid).all()
            wanted = one_state().values(column["name"])[frames][is_valid]
            assert (values[own][: chunk["num_frames"]][is_valid] == wanted).all(), column["name"]
    for files in index["shards"]:
        for name, sha256 in files.items():
            assert hashlib.sha256((tmp_path / "rows" / name).read_bytes()).hexdigest() == sha256


def test_mira_copies_pictures_of_their_own_size_and_resizes_others(call: Call, sound: Path, tmp_path: Path):
    result = call("export", "mira", sound, tmp_path / "own", "--size", "own", "--split", "train")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"3 games in 9 chunks, 600 pictures copied, in {tmp_path / 'own'}\n"
    small = call("export", "mira", sound, tmp_path / "small", "--size", "48x64", "--fps", 20)
    assert "3 games in 9 chunks, 201 pictures resized and encoded" in small.stdout
    index = json.loads((tmp_path / "small" / "train" / "index.json").read_text())
    assert (index["total_samples"], index["export"]["size"], index["export"]["fps"]) == (3, [48, 64], 20)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(("--fps", "24"), "fps divides 60"), (("--size", "big"), "ROWSxCOLUMNS"), (("--size", "3x4"), "even")],
)
def test_mira_refuses_pictures_that_cannot_be(
    call: Call, sound: Path, tmp_path: Path, wrong: tuple[str, str], message: str
):
    result = call("export", "mira", sound, tmp_path / "out", *wrong)
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()


VALUES = {"window": 8, "stride": 2, "start": "any", "shard_mb": 1, "scale": 2, "fields": "state",
          "size": "48x64", "fps": 20}  # fmt: skip


@pytest.mark.parametrize(("form", "name"), [(form, name) for form in HEEDED for name in VALUES])
def test_options_that_a_format_does_not_heed_are_refused_and_all_others_taken(
    call: Call, tmp_path: Path, form: str, name: str
):
    flag = {"fields": "--field"}.get(name, f"--{name.replace('_', '-')}")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "old").write_bytes(b"old")  # so that nothing is exported where an option is accepted
    words = ("export", form, tmp_path / "set", tmp_path / "full", flag, VALUES[name])
    if name in HEEDED[form]:
        with pytest.raises(RecordRefused, match="not empty"):
            call(*words)
        return
    result = call(*words)
    assert result.exit_code == 2
    assert f"{form} does not heed {flag}: leave it out. Its options are --" in result.output


def test_help_says_which_formats_heed_an_option(call: Call):
    text = " ".join(call("export", "--help").output.split())
    for words in ("webdataset, mds, zarr: pictures per sample", "webdataset, mds, mira: size of a shard",
                  "packed: a view", "zarr: keep every"):  # fmt: skip
        assert words in text


def test_packed_states_have_no_pictures_and_say_so(call: Call, sound: Path, tmp_path: Path):
    result = call("export", "packed", sound, tmp_path / "rows", "--field", "video", "--field", "state")
    assert result.exit_code == 2
    assert "leave out --field video" in result.output
    assert not (tmp_path / "rows").exists()


@pytest.mark.parametrize("form", list(HEEDED))
def test_every_format_refuses_a_folder_that_holds_another_export(
    call: Call, sound: Path, tmp_path: Path, form: str
):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "shard-000007.tar").write_bytes(b"old")
    with pytest.raises(RecordRefused, match=r"not empty: it holds shard-000007\.tar"):
        call("export", form, sound, tmp_path / "out")
    with pytest.raises(RecordRefused, match="is a dataset"):
        call("export", form, sound, sound)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["shard-000007.tar"]


def test_a_stride_takes_fewer_windows(call: Call, sound: Path, tmp_path: Path):
    def number(stride: int) -> int:
        out = tmp_path / f"stride-{stride}"
        return int(call("export", "mds", sound, out, "--window", 30, "--stride", stride).stdout.split()[0])

    assert 0 < number(2) < number(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--filter", "no such =="), ""),
        (("--window", "0"), "is not in the range"),
        (("--shard-mb", "0"), "is not in the range"),
        (("--scale", "0"), "is not in the range"),
    ],
)
def test_what_cannot_be_meant_fails_and_writes_nothing(
    call: Call, sound: Path, tmp_path: Path, wrong: tuple[str, str], message: str
):
    result = call("export", "mds", sound, tmp_path / "out", *wrong)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.glob("out/*"))


def test_a_format_that_there_is_not_fails_with_those_there_are(call: Call, sound: Path, tmp_path: Path):
    result = call("export", "parquet", sound, tmp_path / "out")
    assert result.exit_code == 2
    assert "'webdataset', 'mds', 'zarr', 'packed', 'mira'" in result.output


def test_what_is_no_dataset_fails(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("export", "mds", tmp_path, tmp_path / "out")
