"""Exports, read back by the rules of their formats, hold the same as the dataset."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.exports.clips import read_clips
from manifests.exports.mds import write_mds
from manifests.exports.webdataset import write_webdataset
from manifests.exports.zarr import write_zarr
from manifests.store.open import open_store
from manifests.training.cache import Cache
from manifests.training.dataset import WindowDataset
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from manifests.video.mp4 import decode_luma, read_gops
from manifests.video.stamp import read_stamps

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> WindowDataset:
    return open_dataset(sound, window=20, cache=Cache(tmp_path / "cache"), as_torch=False)


def slp_frames(mp4: bytes) -> list[int]:
    found, valid = read_stamps(np.stack([picture.copy() for picture in decode_luma(io.BytesIO(mp4))]))
    assert valid.all()
    return found.tolist()


@pytest.mark.slow
def test_a_clip_is_the_windows_own_packets_in_an_mp4_of_its_own(dataset: WindowDataset):
    clips = list(read_clips(dataset))
    assert len({clip.name for clip in clips}) == len(clips) == len(dataset)
    for clip in clips[::4]:
        assert slp_frames(clip.mp4) == clip.arrays["slp_frame"].tolist()
        gops = read_gops(io.BytesIO(clip.mp4))
        assert (gops.num_frames.sum(), gops.width, gops.height) == (20, 640, 480)
        assert clip.about["slp_frame_start"] == clip.arrays["slp_frame"][0]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"start": "any"}, {"frame_step": 2}])
def test_windows_whose_packets_cannot_be_copied_fail(sound: Path, options: dict[str, Any]):
    opened = open_dataset(sound, window=WindowSpec(4, **options), cache=None, as_torch=False)
    with pytest.raises(ValueError, match="want start='gop'"):
        next(read_clips(opened))


@pytest.mark.slow
def test_webdataset_shards_hold_every_window_under_its_name(dataset: WindowDataset, tmp_path: Path):
    assert write_webdataset(read_clips(dataset), open_store(tmp_path / "out"), 100_000) == len(dataset)
    shards = sorted((tmp_path / "out").glob("shard-*.tar"))
    assert len(shards) > 1
    samples: dict[str, dict[str, bytes]] = {}
    for shard in shards:
        with tarfile.open(shard) as archive:
            for member in archive:
                name, suffix = member.name.split(".", 1)
                file = archive.extractfile(member)
                assert file is not None
                samples.setdefault(name, {})[suffix] = file.read()
    assert len(samples) == len(dataset)
    for sample in list(samples.values())[::5]:
        assert slp_frames(sample["mp4"]) == np.load(io.BytesIO(sample["slp_frame.npy"])).tolist()
        assert json.loads(sample["json"])["split"] == "train"


def mds_samples(folder: Path) -> list[dict[str, Any]]:
    """Read the samples of an MDS export by the description of that format."""
    found = []
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == 2
    for shard in index["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        count = int(np.frombuffer(data[:4], np.uint32)[0])
        assert count == shard["samples"]
        offsets = np.frombuffer(data[4 : 8 + 4 * count], np.uint32)
        for start, end in itertools.pairwise(offsets):
            sample, sizes, place = (
                data[start:end],
                shard["column_sizes"],
                4 * shard["column_sizes"].count(None),
            )
            variable = iter(np.frombuffer(sample[:place], np.uint32).tolist())
            columns = {}
            for name, encoding, size in zip(
                shard["column_names"], shard["column_encodings"], sizes, strict=True
            ):
                length = next(variable) if size is None else size
                columns[name] = decoded(encoding, sample[place : place + length])
                place += length
            assert place == len(sample)
            found.append(columns)
    return found


def decoded(encoding: str, data: bytes) -> Any:
    if encoding == "json":
        return json.loads(data)
    if encoding.startswith("ndarray:"):
        _, dtype, shape = encoding.split(":")
        return np.frombuffer(data, dtype).reshape([int(side) for side in shape.split(",")])
    return data


@pytest.mark.slow
def test_mds_shards_hold_every_window(dataset: WindowDataset, tmp_path: Path):
    assert write_mds(read_clips(dataset), open_store(tmp_path / "out"), 100_000) == len(dataset)
    samples = mds_samples(tmp_path / "out")
    assert len(samples) == len(dataset)
    dataset.reader.with_video = True
    for window in range(0, len(dataset), 5):
        assert slp_frames(samples[window]["video"]) == samples[window]["slp_frame"].tolist()
        assert (samples[window]["state"] == dataset[window]["state"]).all()
        assert samples[window]["about"]["names"]["state"] == list(dataset.names["state"])


@pytest.mark.slow
def test_zarr_chunks_hold_every_window_decoded(dataset: WindowDataset, tmp_path: Path):
    assert write_zarr(dataset, open_store(tmp_path / "out.zarr"), scale=4) == len(dataset)
    group = json.loads((tmp_path / "out.zarr" / "zarr.json").read_text())
    assert (group["zarr_format"], group["node_type"]) == (3, "group")
    for name in ("video", "state", "slp_frame", "frame_index"):
        about = json.loads((tmp_path / "out.zarr" / name / "zarr.json").read_text())
        for window in (0, len(dataset) - 1):
            expected = dataset[window][name]
            expected = expected[..., ::4, ::4] if name == "video" else expected
            place = "/".join([str(window), *["0"] * (len(about["shape"]) - 1)])
            data = gzip.decompress((tmp_path / "out.zarr" / name / "c" / place).read_bytes())
            stored = np.frombuffer(data, about["data_type"]).reshape(about["shape"][1:])
            assert (stored == expected).all()
        assert about["shape"][0] == len(dataset)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["webdataset", "mds", "zarr"])
def test_the_command_writes_each_format(
    sound: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOLPHIN_FARM_CACHE", str(tmp_path / "cache"))
    scale = ["--scale", "8"] if form == "zarr" else []
    words = ["export", form, str(sound), str(tmp_path / "out"), "--window", "16", "--stride", "2", *scale]
    result = CliRunner().invoke(farm, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("15 windows of 16 frames")


def test_the_command_says_what_is_wrong_with_a_filter(sound: Path, tmp_path: Path):
    words = ["export", "mds", str(sound), str(tmp_path / "out"), "--filter", "stag == 1"]
    result = CliRunner().invoke(farm, words)
    assert result.exit_code == 2
    assert "there is no column 'stag'" in result.output
