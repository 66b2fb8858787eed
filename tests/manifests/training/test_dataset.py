"""Samples have the right pictures beside the right states, and no invented values."""

from __future__ import annotations

import dataclasses
import pickle
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.errors import RecordRefused
from manifests.state.views import ACTION, STATE, make_view
from manifests.store.open import open_store
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures
from manifests.training.windows import WindowSpec
from manifests.video.decoder import VideoUnreadable
from manifests.video.mp4 import read_gops
from manifests.video.sei import FrameMark
from manifests.video.stamp import read_stamps
from tests.manifests.conftest import FRAMES_PER_CHUNK
from tests.manifests.small_dataset import NUM_GAMES, one_state
from workers.rendering.encode import ChunkEncoder, VideoSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

    Opened = Callable[..., WindowDataset]


def stamps(video: np.ndarray) -> np.ndarray:
    """Read slp_frame from every picture of [T, 3, H, W]."""
    found, valid = read_stamps(np.ascontiguousarray(video[:, 1]))
    assert valid.all()
    return found


@pytest.mark.slow
def test_every_sample_pairs_its_pictures_with_their_states(opened: Opened):
    dataset = opened()
    table = one_state()
    state, action = make_view(table, STATE), make_view(table, ACTION)
    assert len(dataset) == 7 * NUM_GAMES
    for window in range(len(dataset)):
        sample = dataset[window]
        rows = sample["slp_frame"] - table.first_slp_frame
        assert sample["video"].shape == (16, 3, 480, 640)
        assert (stamps(sample["video"]) == sample["slp_frame"]).all()
        assert (sample["state"] == state.values[rows]).all()
        assert (sample["state_valid"] == state.valid[rows]).all()
        assert (sample["action"] == action.values[rows]).all()
        assert not sample["action_is_pad"].any()
    assert dataset.names["state"] == state.names
    assert dataset.names["action_ids"] == ("p0.buttons", "p1.buttons")


@pytest.mark.slow
def test_lookahead_and_shift_give_later_actions_and_mask_what_is_not_there(opened: Opened):
    sample = opened(action_shift=1, lookahead=20)[2]  # the chunk's last window: frames 60 to 75 of 90
    action = make_view(one_state(), ACTION).values
    assert sample["frame_index"] == 60
    assert sample["action"].shape == (36, action.shape[1])
    assert (sample["action"][:29] == action[61:90]).all()
    assert sample["action_is_pad"].tolist() == [False] * 29 + [True] * 7
    assert not sample["action_valid"][29:].any()


@pytest.mark.slow
def test_history_comes_in_front_and_says_so(opened: Opened):
    sample = opened(window=8, history=4)[0]
    assert sample["slp_frame"].tolist() == list(range(-123, -111))
    assert sample["is_context"].tolist() == [True] * 4 + [False] * 8


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["channels", "frames"])
def test_stacked_pictures_are_those_up_to_the_step(opened: Opened, layout: str):
    plain = opened(window=6)[1]["video"]
    stacked = opened(window=4, stack=3, pictures=Pictures(stack_layout=layout))[1]
    expected = np.stack([plain[step : step + 3] for step in range(4)])
    video = stacked["video"].reshape(4, 3, 3, 480, 640)
    assert (video == expected).all()
    assert stacked["slp_frame"].tolist() == list(range(-91, -87))


def test_a_step_of_several_frames_skips_those_between(opened: Opened):
    sample = opened(window=5, frame_step=4, start="any", stride=7)[3]
    assert sample["slp_frame"].tolist() == [-102, -98, -94, -90, -86]
    assert (stamps(sample["video"]) == sample["slp_frame"]).all()


@pytest.mark.parametrize("start", ["gop", "any"])
def test_a_window_of_one_frame_is_whole_and_its_arrays_are_plain(opened: Opened, start: str):
    dataset = opened(window=1, start=start)
    sample = dataset[1]
    assert (stamps(sample["video"]) == sample["slp_frame"]).all()
    assert sample["state"].shape == (1, len(dataset.names["state"]))
    # What torch requires of an array with which it shares memory.
    assert all(step % array.itemsize == 0 for array in sample.values() for step in array.strides)


def test_iterating_reads_every_window_once_in_order(opened: Opened):
    dataset = opened(fields=["p0.x"])
    places = [(int(sample["chunk"]), int(sample["frame_index"])) for sample in dataset]
    assert places == [dataset.index.locate(window) for window in range(len(dataset))]


def test_planes_hold_the_same_pictures(opened: Opened):
    sample = opened(pictures=Pictures("yuv420"))[0]
    assert sample["video"].shape == (16, 720, 640)
    found, valid = read_stamps(sample["video"][:, :480])
    assert valid.all()
    assert (found == sample["slp_frame"]).all()


def test_pictures_come_at_the_size_and_of_the_part_that_is_asked_for(opened: Opened):
    dataset = opened(verify="mark", pictures=Pictures(size=(120, 160)))
    sample = dataset[0]
    assert sample["video"].shape == (16, 3, 120, 160)
    assert next(iter(dataset.stream(batch_size=2)))["video"].shape == (2, 16, 3, 120, 160)
    assert (sample["state"] == opened()[0]["state"]).all()
    part = opened(verify="mark", pictures=Pictures(crop=(464, 0, 16, 640)))[0]["video"]
    assert (part == opened()[0]["video"][:, :, 464:]).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pictures": Pictures(crop=(0, 0, 482, 640))}, "reaches beyond pictures of 480 rows"),
        ({"pictures": Pictures(size=(240, 320)), "verify": "stamp"}, "stamps are read in whole pictures"),
    ],
)
def test_a_size_that_cannot_be_had_fails_at_opening(opened: Opened, options: dict, said: str):
    with pytest.raises(ValueError, match=said):
        opened(**options)


def test_single_columns_and_versions_may_be_asked_for(opened: Opened):
    sample = opened(fields=["p0.x", "d_loss_mask", "action/1", "just_pressed"])[0]
    assert "video" not in sample
    assert (sample["p0.x"] == one_state().values("p0.x")[:16]).all()
    assert {"d_loss_mask", "action/1", "action/1_valid", "just_pressed", "just_pressed_ids"} <= sample.keys()


def test_a_field_that_is_none_fails(opened: Opened):
    with pytest.raises(ValueError, match="no field 'stat'"):
        opened(fields=["video", "stat"])


def test_negative_numbers_count_from_the_end_and_none_beyond(opened: Opened):
    dataset = opened(fields=["p0.x"])
    assert dataset[-1]["slp_frame"].tolist() == dataset[len(dataset) - 1]["slp_frame"].tolist()
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_a_split_and_a_filter_leave_their_games(opened: Opened):
    assert len(opened(split="train")) == len(opened())
    assert opened(filter="stage == 'BATTLEFIELD' and 'FOX' in characters").games.num_rows == NUM_GAMES
    # The characters seen in these games' frames were not recorded, so the chosen ones are used.
    assert opened(filter="'FOX' in characters_seen").games.num_rows == NUM_GAMES
    with pytest.raises(ValueError, match="no game is in split 'test'; there are train"):
        opened(split="test")
    with pytest.raises(ValueError, match="is left by filter"):
        opened(filter="num_frames > 1000000")
    game_id = opened().games["game_id"][1].as_py()
    one = opened(filter=f"game_id == '{game_id}'")
    assert len(one) == 7
    assert one.games["game_id"].to_pylist() == [game_id]


def test_windows_longer_than_any_chunk_fail(opened: Opened):
    with pytest.raises(ValueError, match="as long as a window of 91 frames"):
        opened(window=FRAMES_PER_CHUNK + 1)


def test_a_transform_has_the_last_word(opened: Opened):
    dataset = opened(transform=lambda sample: {"mean": sample["video"].mean()})
    assert dataset[0].keys() == {"mean"}
    batch = next(iter(dataset.stream(batch_size=3)))
    assert batch["mean"].shape == (3,)


def test_a_dataset_can_be_pickled(opened: Opened):
    dataset = opened(fields=["p0.x"])
    again = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own bytes
    assert (again[4]["p0.x"] == dataset[4]["p0.x"]).all()


def test_it_reads_without_a_cache(opened: Opened, tmp_path: Path):
    dataset = opened(cache=None)
    assert (stamps(dataset[3]["video"]) == dataset[3]["slp_frame"]).all()
    assert not (tmp_path / "cache").exists()


def test_packed_states_are_cached_and_used(opened: Opened, sound: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(sound, copy)
    expected = opened(url=copy)[0]
    assert list((tmp_path / "cache").glob("*/*"))
    shutil.rmtree(copy / "states")
    assert (opened(url=copy)[0]["state"] == expected["state"]).all()


def test_a_changed_states_file_fails(opened: Opened, sound: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(sound, copy)
    file = next((copy / "states").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    dataset = opened(url=copy)
    with pytest.raises(RecordRefused, match="not the bytes that the manifest names"):
        [dataset[window] for window in range(len(dataset))]


def swapped_videos(sound: Path, copy: Path) -> Path:
    """The dataset with a chunk's video in place of the next one's."""
    shutil.copytree(sound, copy)
    first, second = sorted((copy / "videos").rglob("*.mp4"))[:2]
    second.write_bytes(first.read_bytes() + bytes(4096))  # room for byte ranges of the other video
    return copy


def test_a_video_of_another_moment_fails(opened: Opened, sound: Path, tmp_path: Path):
    dataset = opened(url=swapped_videos(sound, tmp_path / "copy"))
    with pytest.raises((RecordRefused, VideoUnreadable), match=r"do not carry their stamp|cannot be decoded"):
        [dataset[window] for window in range(len(dataset))]


def test_a_key_frame_marked_for_another_moment_or_game_fails(opened: Opened, tmp_path: Path):
    dataset = opened(verify="mark")
    chunk, start = dataset.index.locate(1)
    game_id = dataset.games["game_id"][0].as_py()
    for mark, is_right in [
        (FrameMark(-93, game_id), True),
        (FrameMark(-92, game_id), False),
        (FrameMark(-93, "0" * 64), False),
    ]:
        with ChunkEncoder(tmp_path / "marked.mp4", VideoSettings(), mark=mark) as encoder:
            encoder.write(np.full((720, 640), 128, np.uint8))
            encoder.close()
        gops = read_gops(tmp_path / "marked.mp4")
        data = (tmp_path / "marked.mp4").read_bytes()[int(gops.byte_offset[0]) :][: int(gops.byte_size[0])]
        dataset.reader.spec = WindowSpec(window=1)
        fetched = dataclasses.replace(dataset.reader.fetch(chunk, start), video=data)
        if is_right:
            dataset.reader.read(fetched)
        else:
            with pytest.raises(
                RecordRefused, match=f"is marked slp_frame {mark.slp_frame} of {mark.game_id:.12}"
            ):
                dataset.reader.read(fetched)


def test_options_out_of_range_fail(opened: Opened):
    with pytest.raises(ValueError, match="verify is"):
        opened(verify="yes")
    with pytest.raises(ValueError, match="decoders are libav"):
        opened(pictures=Pictures(decoder="opencv"))[0]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a cache holds 1 byte or more"):
        opened(cache=Cache(max_bytes=0))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cache": "/tmp/cache"}, r"cache is a Cache or None, as in cache=Cache\('/tmp/cache'\)"),
        ({"cache": 5}, "cache is a Cache or None"),
        ({"pictures": "rgb"}, r"as in pictures=Pictures\('rgb'\)"),
        ({"pictures": "large"}, r"as in pictures=Pictures\(size=\(288, 384\)\); got 'large'"),
        ({"pictures": {"size": (64, 128)}}, r"as in pictures=Pictures\(size=\(64, 128\)\); got"),
        ({"pictures": {"big": 1}}, r"as in pictures=Pictures\(size=\(288, 384\)\); got"),
        ({"fields": None}, "fields is a list of names, as in .*; got None"),
        ({"fields": [1]}, r"fields is a list of names, as in .*; got \[1\]"),
        ({"fields": []}, "fields names nothing"),
        ({"snapshot": "0"}, "snapshot is a whole number, 0 or more; got '0'"),
        ({"snapshot": -1}, "snapshot is a whole number"),
        ({"fields": "state"}, r"as in fields=\['state'\]"),
        ({"fields": ["state", "state"]}, "a field is named once, but state comes more often"),
        ({"action_shift": 0.5}, "action_shift is a whole number of frames"),
    ],
)
def test_an_argument_of_another_type_is_named_with_what_to_write(opened: Opened, wrong: dict, said: str):
    with pytest.raises(ValueError, match=said):
        opened(**wrong)


@pytest.mark.parametrize("url", [None, 3, b"set"])
def test_a_dataset_that_is_no_path_is_named(url: object):
    with pytest.raises(ValueError, match=r"url is the folder or URL of a dataset, as in .*; got "):
        open_dataset(url)  # type: ignore[call-overload]


@pytest.mark.parametrize("window", ["a", 1.0, None, slice(2)])
def test_a_window_of_no_number_is_named(opened: Opened, window: object):
    with pytest.raises(TypeError, match=r"a window has a whole number, from 0 to .*; got "):
        opened()[window]  # type: ignore[index]


@pytest.mark.slow
def test_windows_that_leave_frames_out_say_so_and_what_shows_all(
    opened: Opened, caplog: pytest.LogCaptureFixture
):
    dataset = opened()
    shown = {(sample["game"].item(), frame) for sample in dataset for frame in sample["slp_frame"].tolist()}
    share = 100 * len(shown) / (NUM_GAMES * one_state().num_frames)
    assert f"every 30 frames, show {share:.1f} % of the frames" in caplog.text
    caplog.clear()
    whole = opened(window=16, start="any", stride=1, fields=["p0.x"])
    shown = {(sample["game"].item(), frame) for sample in whole for frame in sample["slp_frame"].tolist()}
    assert (
        whole.index.grid.share_seen(whole.index.spec)
        == len(shown) / (NUM_GAMES * one_state().num_frames)
        == 1
    )
    opened(window=30)
    assert not caplog.records


def test_one_range_of_the_video_is_read_per_window(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spec = WindowSpec(40, start="any")
    dataset = open_dataset(sound, window=spec, cache=Cache(tmp_path / "cache"), as_torch=False)
    asked: list[tuple[str, int, int]] = []
    store = open_store(sound)
    monkeypatch.setattr(type(store), "get_range", spy(store.get_range.__func__, asked))  # type: ignore[attr-defined]
    dataset[7]
    assert len(asked) == 1
    assert asked[0][0].endswith(".mp4")


def spy(inner: Callable[..., bytes], asked: list[tuple[str, int, int]]) -> Callable[..., bytes]:
    def get_range(self: object, key: str, start: int, exclusive_end: int) -> bytes:
        asked.append((key, start, exclusive_end))
        return inner(self, key, start, exclusive_end)

    return get_range


@pytest.mark.parametrize("options", [{"fields": ["video"]}, {"fields": ["video"], "cache": None}])
def test_pictures_alone_read_no_states_file(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
):
    dataset = opened(**options)
    monkeypatch.setattr("manifests.training.packed_states.read_states", lambda *_: pytest.fail("was read"))
    batch = next(iter(dataset.stream(batch_size=2)))
    dataset.prepare()
    assert set(batch) == {
        "video", "slp_frame", "action_is_pad", "is_context", "game", "game_id", "chunk", "frame_index",
        "is_repeat",
    }  # fmt: skip
    assert (stamps(batch["video"][1]) == batch["slp_frame"][1]).all()
