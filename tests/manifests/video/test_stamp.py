"""The frame stamp survives encoding and scaling, and is called unreadable rather than misread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.video import stamp
from tests.manifests.video.stamp_painter import crc8, encode_stamp, paint_stamp, read_stamp

FRAMES = st.integers(-123, (1 << 24) - 124)


def picture(slp_frame: int, *, width: int = 640) -> np.ndarray:
    rng = np.random.default_rng(slp_frame + 123)
    luma = rng.integers(16, 236, size=(width * 3 // 4, width), dtype=np.uint8)
    paint_stamp(luma, slp_frame)
    return luma


@given(FRAMES)
def test_cells_are_the_number_and_its_crc_most_significant_first(slp_frame: int):
    payload = (slp_frame + 123).to_bytes(3, "big")
    cells = [int(bit) for byte in [*payload, crc8(payload)] for bit in f"{byte:08b}"]
    luma = np.zeros((16, 640), np.uint8)
    luma[:8] = np.repeat(cells, 20) * 200 + 16
    assert read_stamp(luma) == slp_frame


@pytest.mark.slow
@given(st.lists(FRAMES, min_size=1, max_size=8))
def test_every_frame_number_is_read_back(slp_frames: list[int]):
    luma = np.stack([picture(f)[-16:] for f in slp_frames])
    read, valid = stamp.read_stamps(luma)
    assert valid.all()
    assert read.tolist() == slp_frames


SEEDS = st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(FRAMES, SEEDS), min_size=1, max_size=8))
def test_every_seed_is_read_back_beside_its_number(stamped: list[tuple[int, int]]):
    luma = np.full((len(stamped), 16, 640), 99, np.uint8)
    for rows, (slp_frame, seed) in zip(luma, stamped, strict=True):
        paint_stamp(rows, slp_frame, seed)
    seeds, clear = stamp.decode_seeds(stamp.cell_levels(luma))
    assert clear.all()
    assert seeds.tolist() == [seed for _, seed in stamped]
    assert stamp.read_stamps(luma)[0].tolist() == [slp_frame for slp_frame, _ in stamped]


@given(FRAMES, SEEDS)
def test_half_and_quarter_size_copies_have_the_same_seed(slp_frame: int, seed: int):
    luma = np.zeros((16, 640), np.uint8)
    paint_stamp(luma, slp_frame, seed)
    for by in (2, 4):
        small = luma.reshape(16 // by, by, 640 // by, by).mean(axis=(1, 3)).astype(np.uint8)
        assert stamp.decode_seeds(stamp.cell_levels(small[None]))[0][0] == seed
        assert read_stamp(small) == slp_frame


def test_a_number_painted_over_both_strips_is_read():
    luma = np.zeros((16, 640), np.uint8)
    luma[:] = np.repeat(encode_stamp(4711), 20) * 200 + 16
    assert read_stamp(luma) == 4711


def test_a_grey_seed_is_not_clear():
    luma = np.zeros((16, 640), np.uint8)
    paint_stamp(luma, 5, 0xFFFF)
    luma[8:, 100:140] = 120
    assert not stamp.decode_seeds(stamp.cell_levels(luma[None]))[1][0]
    assert read_stamp(luma) == 5


@pytest.mark.parametrize("slp_frame", [-1, 0, 3476, 28000, (1 << 24) - 124])
def test_whole_pictures_and_half_size_copies_read_the_same(slp_frame: int):
    full = picture(slp_frame)
    half = full.reshape(240, 2, 320, 2).mean(axis=(1, 3)).astype(np.uint8)
    assert read_stamp(full) == slp_frame
    assert read_stamp(half) == slp_frame


@pytest.mark.slow
@given(FRAMES, st.sampled_from([0.8, 1.2]), st.integers(0, 2**32 - 1))
def test_noise_blur_and_brightness_do_not_matter(slp_frame: int, gain: float, seed: int):
    rows = picture(slp_frame)[-16:].astype(float)
    rows = (rows + np.roll(rows, 1, axis=1) + np.roll(rows, 2, axis=1)) / 3 * gain
    rows += np.random.default_rng(seed).normal(0, 20, rows.shape)
    read, valid = stamp.read_stamps(np.clip(rows, 0, 255).astype(np.uint8)[None])
    assert valid[0]
    assert read[0] == slp_frame


@pytest.mark.slow
@given(FRAMES, st.integers(0, 31))
def test_one_flipped_cell_fails_the_crc(slp_frame: int, cell: int):
    rows = picture(slp_frame)[-16:]
    rows[:, cell * 20 : cell * 20 + 20] = 251 - rows[:, cell * 20 : cell * 20 + 20]
    assert read_stamp(rows) is None


def test_a_grey_cell_fails_as_neither_black_nor_white():
    rows = picture(77)[-16:]
    rows[:, :20] = 125
    assert read_stamp(rows) is None


@pytest.mark.parametrize("level", [90, 128, 235])
def test_a_flat_bright_picture_has_no_stamp(level: int):
    assert read_stamp(np.full((480, 640), level, np.uint8)) is None


def test_a_black_picture_reads_as_the_first_frame_as_documented():
    assert read_stamp(np.full((480, 640), 16, np.uint8)) == -123


def test_pictures_without_a_stamp_pass_by_chance_only():
    rng = np.random.default_rng(5)
    cells = rng.choice(np.array([16, 235], np.uint8), size=(4096, 32))
    luma = np.repeat(np.repeat(cells[:, None], 16, axis=1), 20, axis=2)
    _, valid = stamp.read_stamps(luma)
    assert valid.mean() < 3 / 256


@pytest.mark.parametrize(
    ("shape", "message"), [((480, 640), "shape"), ((1, 480, 650), "160"), ((1, 8, 640), "16 rows")]
)
def test_an_array_that_is_no_picture_fails(shape: tuple[int, ...], message: str):
    with pytest.raises(ValueError, match=message):
        stamp.read_stamps(np.zeros(shape, np.uint8))
