"""The store of packed states gives the same samples with and without room, and reads damaged shards again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.snapshot.reader import Manifest
from manifests.state.derived import derive
from manifests.training.cache import Cache, LocalCache
from manifests.training.compressed_shard import DENSE, FORMS, QUICK, Form, compressed_bytes, open_compressed
from manifests.training.packed_shard import join_chunks, open_shard, shard_bytes
from manifests.training.row_layout import PackedRows, broken, row_layout
from manifests.training.sample import as_dict
from manifests.training.shard_store import Shards
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES, one_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

    Opened = Callable[..., WindowDataset]

STATES = ("state", "action", "p0.d_pressed")
LAYOUT = row_layout(("p0.x", "p0.stocks", "p0.present"))


def rows_of(seed: int, num_frames: int, num_patterns: int) -> PackedRows:
    dice = np.random.default_rng(seed)
    rows = dice.integers(0, 256, (num_frames, LAYOUT.row_bytes), dtype=np.uint8)
    codes = dice.integers(0, num_patterns, num_frames)
    rows.view(np.uint16)[:, LAYOUT.code_byte // 2] = codes
    patterns = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 0]], bool)[dice.permutation(3)[:num_patterns]]
    return PackedRows(rows, patterns)


def test_a_shard_holds_its_chunks_with_their_masks():
    chunks = [rows_of(1, 7, 2), rows_of(2, 4, 3)]
    joined = join_chunks(LAYOUT, chunks, [5, 6])
    again = open_shard(LAYOUT, np.frombuffer(shard_bytes(joined, "id"), np.uint8), "id")
    place = LAYOUT.code_byte // 2
    codes = again.rows.view(np.uint16)[:, place]
    wanted = np.concatenate([one.patterns[one.rows.view(np.uint16)[:, place]] for one in chunks])
    assert (again.patterns[codes] == wanted).all()
    assert len(again.patterns) == 3
    seeds = np.repeat(np.array([5, 6], np.uint32), [7, 4])
    assert not broken(np.ascontiguousarray(again.rows), seeds, np.array([*range(7), *range(4)])).any()


@given(st.integers(0, 7), st.data())
def test_a_damaged_or_foreign_shard_is_refused(bit: int, data: st.DataObject):
    joined = join_chunks(LAYOUT, [rows_of(1, 7, 2)], [5])
    whole = np.frombuffer(shard_bytes(joined, "id"), np.uint8).copy()
    with pytest.raises(ValueError, match="shard"):
        open_shard(LAYOUT, whole, "another id")
    with pytest.raises(ValueError, match="shard"):
        open_shard(LAYOUT, whole[: data.draw(st.integers(0, whole.size - 1))], "id")
    # Each row has its own checksum; everything after the rows is covered by the hash.
    place = data.draw(st.integers(joined.rows.nbytes, whole.size - 1))
    whole[place] ^= np.uint8(1 << bit)
    with pytest.raises(ValueError, match="shard"):
        open_shard(LAYOUT, whole, "id")


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(1, 50)), min_size=1, max_size=40, unique_by=lambda x: x[0]
    )
)
def test_every_row_of_every_chunk_has_its_own_place(chunks: list[tuple[int, int]]):
    numbers, lengths = (np.array(column, np.int64) for column in zip(*chunks, strict=True))
    shards = Shards.of(numbers, lengths, per_shard=64)
    places = {
        (int(shards.of_chunk[chunk]), int(shards.first_row[chunk]) + frame)
        for chunk, length in enumerate(lengths.tolist())
        for frame in range(length)
    }
    assert places == {
        (shard, row) for shard, num_rows in enumerate(shards.num_rows.tolist()) for row in range(num_rows)
    }
    for shard in range(shards.num_rows.size):
        assert len({int(numbers[chunk]) // 64 for chunk in shards.chunks(shard)}) == 1
    assert shards.count_fitting(8, 8 * int(lengths.sum())) == shards.num_rows.size
    assert shards.count_fitting(8, 8 * int(shards.num_rows[0]) - 1) == 0


def samples_of(dataset: WindowDataset) -> list[dict[str, Any]]:
    return [dict(dataset[window]) for window in range(0, len(dataset), 5)]


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return all(
        a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("max_bytes", "said"),
    [
        (5000, "of 9 chunks only 0 fit even so"),
        (25_000, "an eighth of the room"),
        (70_000, "a fifth of the room"),
    ],
)
def test_a_cache_with_too_little_room_gives_the_same_samples_and_says_so_at_opening(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture, max_bytes: int, said: str
):
    options = {"fields": STATES, "start": "any", "action_shift": -2, "lookahead": 3}
    roomy = opened(**options)
    assert "GB" not in caplog.text
    tight = opened(**options, cache=Cache(tmp_path / "tight", max_bytes))
    assert said in caplog.text
    assert same(samples_of(roomy), samples_of(tight))
    kept = [path.stat().st_size for path in (tmp_path / "tight").glob("*/*")]
    assert sum(kept) <= max_bytes
    assert bool(kept) == (max_bytes > 5000)


@pytest.mark.slow
@given(
    st.lists(st.integers(1, 600), min_size=1, max_size=5), st.integers(0, 2**32), st.sampled_from(FORMS),
    st.data(),
)  # fmt: skip
def test_compressed_rows_come_back_from_any_block_on(
    lengths: list[int], seed: int, form: Form, data: st.DataObject
):
    whole = rows_of(seed, sum(lengths), 2)
    made = np.frombuffer(compressed_bytes(whole, lengths, "id", form), np.uint8)
    again = open_compressed(LAYOUT, made, "id", form)
    assert (again.patterns == whole.patterns).all()
    chunk = data.draw(st.integers(0, len(lengths) - 1))
    first = data.draw(st.integers(0, (lengths[chunk] - 1) // form.block_rows)) * form.block_rows
    shards = Shards.of(np.arange(len(lengths)), np.array(lengths))
    blocks = shards.first_blocks(np.array(lengths), form.block_rows)
    found = again.rows(int(blocks[chunk]) + first // form.block_rows, lengths[chunk] - first)
    begin = sum(lengths[:chunk])
    assert (found == whole.rows[begin + first : begin + lengths[chunk]]).all()


def test_what_rows_really_take_decides_how_many_chunks_fit(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """At first there seems to be room for four chunks; after `prepare` all nine are there, and stay."""
    deal = Shards.of
    monkeypatch.setattr(Shards, "of", lambda numbers, lengths: deal(numbers, lengths, 1))
    tight = {"fields": STATES, "start": "any", "cache": Cache(tmp_path / "tight", 12_000)}
    dataset = opened(**tight)
    store = dataset.reader.states.shards
    assert store.form is DENSE
    promised = store.num_chunks_kept
    assert 0 < promised < 9
    dataset.prepare()
    kept = [path for path in (tmp_path / "tight").glob("*/*") if path.is_file()]
    assert store.num_chunks_kept == 9
    assert len(kept) == 3, "nothing was thrown out for it; the three games are equal, and so are their shards"
    assert sum(path.stat().st_size for path in kept) <= 12_000
    again = opened(**tight)
    assert again.reader.states.shards.num_chunks_kept == store.num_chunks_kept
    assert same(samples_of(again), samples_of(opened(fields=STATES, start="any")))


def test_the_quickest_form_that_is_promised_to_fit_is_taken(opened: Opened, tmp_path: Path):
    whole = opened(fields=STATES).reader.states.shards.num_bytes
    forms = [
        opened(fields=STATES, cache=Cache(tmp_path / str(part), int(whole / part / 0.9) + 1)).reader.states
        .shards.form for part in (1, 1.1, 4, 4.1, 20)
    ]  # fmt: skip
    assert forms == [None, QUICK, QUICK, DENSE, DENSE]


def test_prepared_states_need_their_files_no_more(opened: Opened, sound: Path, tmp_path: Path):
    copy = shutil.copytree(sound, tmp_path / "copy")
    expected = samples_of(opened(url=copy, fields=STATES, cache=None))
    opened(url=copy, fields=STATES).prepare()
    shutil.rmtree(copy / "states")
    assert same(samples_of(opened(url=copy, fields=STATES)), expected)
    with pytest.raises(ValueError, match="part 2 of 2: parts count from 0"):
        opened(fields=STATES).prepare(2, 2)


def test_memory_alone_gives_the_same_samples(opened: Opened, caplog: pytest.LogCaptureFixture):
    assert same(samples_of(opened(fields=STATES)), samples_of(opened(fields=STATES, cache=None)))
    assert "GB" not in caplog.text


def test_a_disk_that_is_full_costs_the_cache_and_not_the_run(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    expected = samples_of(opened(fields=STATES, cache=None))
    monkeypatch.setattr(LocalCache, "put", refuse)
    assert same(samples_of(opened(fields=STATES)), expected)
    assert "going on without the cache" in caplog.text


def piece_of(folder: Path) -> Path:
    (piece,) = [path for path in folder.glob("*/*") if path.is_file()]
    return piece


@pytest.mark.parametrize("max_bytes", [1 << 30, 70_000])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
def test_flipped_bits_in_the_cache_are_found_and_the_states_read_again(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture, place: float, max_bytes: int
):
    options = {"fields": STATES, "start": "any", "cache": Cache(tmp_path / "cache", max_bytes)}
    expected = samples_of(opened(**options))
    piece = piece_of(tmp_path / "cache")
    data = bytearray(piece.read_bytes())
    for byte in range(int(place * len(data)), len(data), 97):
        data[byte] ^= 1 << byte % 8
    piece.unlink()  # files that other processes have mapped are not changed
    piece.write_bytes(data)
    caplog.clear()
    assert same(samples_of(opened(**options)), expected)
    assert "the states are read and packed again" in caplog.text
    caplog.clear()
    assert same(samples_of(opened(**options)), expected)
    assert "packed again" not in caplog.text


def test_a_piece_in_the_place_of_another_is_refused(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    expected = samples_of(opened(fields=STATES))
    piece = piece_of(tmp_path / "cache")
    opened(fields=("state", "action", "p1.d_pressed"), cache=Cache(tmp_path / "other"))[0]
    other = piece_of(tmp_path / "other").read_bytes()
    assert len(other) == piece.stat().st_size
    piece.unlink()
    piece.write_bytes(other)
    assert same(samples_of(opened(fields=STATES)), expected)
    assert "of other games, of another layout, or damaged" in caplog.text


def test_without_pictures_nothing_of_the_gop_table_is_read(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    table = Manifest.table
    asked = []

    def noted(self: Manifest, name: str, columns: Any = None) -> Any:
        asked.append(name)
        return table(self, name, columns)

    with_video = len(opened())
    monkeypatch.setattr(Manifest, "table", noted)
    dataset = opened(fields=STATES)
    dataset[0]
    assert sorted(asked) == ["chunks", "games"]
    assert len(dataset) == with_video == 7 * NUM_GAMES
    with pytest.raises(ValueError, match="opened without pictures"):
        dataset.footage.video_key(0)


@pytest.mark.parametrize("max_bytes", [1 << 30, 20_000, 2000, None])
def test_what_depends_on_earlier_frames_is_that_of_the_whole_game(
    opened: Opened, tmp_path: Path, max_bytes: int | None
):
    cache = None if max_bytes is None else Cache(tmp_path / "cache", max_bytes)
    dataset = opened(fields=("p1.d_frames_in_action", "p0.x"), window=1, start="any", cache=cache)
    values, valid = derive(one_state(), "p1.d_frames_in_action")
    assert len(dataset) == NUM_GAMES * NUM_FRAMES
    for number in range(len(dataset)):
        sample: dict[str, Any] = as_dict(dataset[number])
        row = int(sample["slp_frame"][0]) + 123
        found = sample["p1.d_frames_in_action"][0], sample["p1.d_frames_in_action_valid"][0]
        assert found == (values[row], valid[row])
