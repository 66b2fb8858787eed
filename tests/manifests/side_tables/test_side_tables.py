"""A frame gets from a side table the values that were written for it, in our files and in others'."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import RecordRefused
from manifests.side_tables.contract import Span, TableDescription, header_bytes
from manifests.side_tables.open import open_side_table
from manifests.side_tables.writer import SideTableWriter
from manifests.store.contract import StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, NONE = ("1" * 64, "2" * 64, "3" * 64)


def values_of(game: int, frames: np.ndarray) -> np.ndarray:
    """Values that encode their game and frame, [T, 2, 3]."""
    base = (game * 10_000 + frames).astype(np.float32)
    return base[:, None, None] + np.arange(6, dtype=np.float32).reshape(2, 3) / 8


@pytest.fixture(params=["ours", "parquet", "parquet folder", "npy"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Frames -123 to 76 of game ONE in two shards, and 0 to 49 of game TWO, in each kind of file."""
    spans = [(1, Span(ONE, -123, 90)), (1, Span(ONE, -33, 110)), (2, Span(TWO, 0, 50))]
    frames = [np.arange(span.slp_frame_start, span.slp_frame_start + span.num_frames) for _, span in spans]
    if request.param == "ours":
        writer = SideTableWriter(tmp_path / "ours")
        for (game, span), own in zip(spans, frames, strict=True):
            writer.write(span, values_of(game, own))
        return str(tmp_path / "ours")
    ids = np.concatenate([[span.game_id] * span.num_frames for _, span in spans])
    values = np.concatenate([values_of(game, own) for (game, _), own in zip(spans, frames, strict=True)])
    order = np.random.default_rng(0).permutation(ids.size)
    ids, every, values = ids[order], np.concatenate(frames)[order], values[order]
    if request.param == "npy":
        records = np.zeros(ids.size, [("game_id", "S64"), ("slp_frame", "i4"), ("latent", "f4", (2, 3))])
        records["game_id"], records["slp_frame"], records["latent"] = ids, every, values
        np.save(tmp_path / "table.npy", records)
        return str(tmp_path / "table.npy")
    arrow = pa.table({"game_id": ids.tolist(), "slp_frame": every, "latent": values.tolist()})
    if request.param == "parquet":
        pq.write_table(arrow, tmp_path / "table.parquet")
        return str(tmp_path / "table.parquet")
    (tmp_path / "folder").mkdir()
    pq.write_table(arrow.slice(0, 100), tmp_path / "folder" / "a.parquet")
    pq.write_table(arrow.slice(100), tmp_path / "folder" / "b.parquet")
    return str(tmp_path / "folder")


def test_every_frame_gets_the_row_of_its_own_game_and_frame(table: str):
    opened = open_side_table(table)
    assert opened.row_shape == (2, 3)
    frames = np.array([-123, -34, -33, 0, 76, 77, -200, 49, 50])
    for game, game_id, last in ((1, ONE, 76), (2, TWO, 49)):
        values, valid = opened.rows(game_id, frames)
        first = -123 if game == 1 else 0
        assert valid.tolist() == [first <= frame <= last for frame in frames.tolist()]
        assert (values[valid] == values_of(game, frames[valid])).all()
        assert not values[~valid].any()


def test_a_game_that_is_not_there_has_no_rows(table: str):
    values, valid = open_side_table(table).rows(NONE, np.arange(5))
    assert not valid.any()
    assert values.shape == (5, 2, 3)


GAME_IDS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(start=st.integers(-123, 10**6), num_frames=st.integers(1, 10**5), digits=GAME_IDS)
def test_a_key_names_its_span_and_no_other(start: int, num_frames: int, digits: str):
    span = Span(digits, start, num_frames)
    assert Span.parse(span.key) == span


@pytest.mark.parametrize("wrong", [("xyz", 0, 1), (ONE, 0, 0), (ONE, -124, 1)])
def test_a_span_of_nothing_fails(wrong: tuple[str, int, int]):
    with pytest.raises(ValueError, match=r"game_id|span"):
        Span(*wrong)


@pytest.mark.slow
@given(shape=st.lists(st.integers(0, 10**5), min_size=1, max_size=4), kind=st.sampled_from(["<f2", "|u1"]))
def test_values_begin_where_numpy_puts_them(shape: list[int], kind: str):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": kind, "fortran_order": False, "shape": tuple(shape)}
    )
    assert header_bytes(np.dtype(kind), tuple(shape)) == buffer.tell()


def test_a_writer_knows_what_another_one_wrote(tmp_path: Path):
    span = Span(ONE, -123, 4)
    first = SideTableWriter(tmp_path, about={"encoder": "a"})
    assert not first.has(span)
    first.write(span, np.zeros((4, 2), np.float16))
    again = SideTableWriter(tmp_path, about={"encoder": "a"})
    assert again.has(span)
    assert not again.has(Span(ONE, -123, 5))


def test_a_table_of_another_encoder_is_not_continued(tmp_path: Path):
    SideTableWriter(tmp_path, about={"encoder": "a"}).write(Span(ONE, 0, 1), np.zeros((1, 2)))
    with pytest.raises(RecordRefused, match="write to another place"):
        SideTableWriter(tmp_path, about={"encoder": "b"})


@pytest.mark.parametrize(
    "values", [np.zeros((3, 2)), np.zeros((4, 3)), np.zeros((4, 2), np.float32), np.array(["a"] * 4)]
)
def test_rows_of_another_number_shape_or_kind_fail(tmp_path: Path, values: np.ndarray):
    writer = SideTableWriter(tmp_path)
    writer.write(Span(ONE, 0, 4), np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"numbers|has rows of"):
        writer.write(Span(ONE, 4, 4), values)


def arrow_of(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("t.parquet", b"PAR1 not", "no side table"),
        ("t.parquet", arrow_of(game_id=["a"], slp_frame=[1]), "one or more"),
        ("t.parquet", arrow_of(game_id=["a"], frame=[1], z=[1.0]), "one or more"),
        ("t.parquet", arrow_of(game_id=["a"], slp_frame=[1], y=[1.0], z=[[1.0]]), "z has lists"),
        ("t.parquet", arrow_of(game_id=["a"], slp_frame=[1], y=[1.0], z=["text"]), "numbers"),
        ("t.parquet", arrow_of(game_id=["a", "a"], slp_frame=[1, 1], z=[1.0, 2.0]), "comes twice"),
        ("t.parquet", arrow_of(game_id=["a", "a"], slp_frame=[1, 2], z=[[1.0], [2.0, 3.0]]), "one shape"),
        ("t.parquet", arrow_of(game_id=["a", "a"], slp_frame=[1, 2], z=[None, 3.0]), "null"),
        ("t.parquet", arrow_of(game_id=["a"], slp_frame=[1], z=["text"]), "numbers"),
        ("t.npy", b"\x93NUMPY", "no side table"),
        ("table.json", b"{}", "not the description"),
        ("other.txt", b"", "no side table"),
    ],
)
def test_what_is_no_side_table_is_named(tmp_path: Path, name: str, data: bytes, message: str):
    (tmp_path / name).write_bytes(data)
    place = tmp_path / name if name.startswith("t.") else tmp_path
    with pytest.raises(RecordRefused, match=message):
        open_side_table(place)


def test_several_columns_are_places_of_one_axis_masked_where_they_are_null(tmp_path: Path):
    columns = {"x": pa.array([1.5, None], pa.float32()), "y": pa.array([None, 4.0], pa.float32())}
    path = tmp_path / "t.parquet"
    path.write_bytes(arrow_of(game_id=["a", "a"], slp_frame=[7, 9], **columns))
    table = open_side_table(path)
    assert (table.names, table.dtype, table.row_shape) == (("x", "y"), np.float32, (2,))
    values, valid = table.rows("a", np.array([9, 8, 7]))
    assert values.tolist() == [[0, 4], [0, 0], [1.5, 0]]
    assert valid.tolist() == [[False, True], [False, False], [True, False]]
    assert table.rows("b", np.array([7]))[1].tolist() == [[False, False]]


def test_a_file_that_is_not_there_fails(tmp_path: Path):
    with pytest.raises(StoreFailed):
        open_side_table(tmp_path / "none.npy")


def test_a_description_says_what_it_was_made_of():
    made = TableDescription("float16", (16, 8), {"encoder": "a"})
    assert TableDescription.from_json(made.to_json(), "t") == made
