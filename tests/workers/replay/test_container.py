"""The container of a .slp around its events, with its length and metadata, is read."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.container import open_container
from workers.replay.ubjson import UbjsonError, read_object


def test_the_stream_lies_where_its_length_says(slp: Any):
    data = slp().start().frames(-123, -120).end().data()
    container = open_container(data)
    assert data[container.start : container.exclusive_end] == slp().start().frames(-123, -120).end().stream()
    assert not container.is_open_ended
    assert container.metadata == {"lastFrame": 7, "playedOn": "dolphin"}


@pytest.mark.parametrize("length", [0, 2**31, 2**32 - 1])
def test_without_a_true_length_the_stream_goes_to_the_end(slp: Any, length: int):
    data = slp().start().frames(-123, -120).data(length)
    container = open_container(data)
    assert container.is_open_ended
    assert container.exclusive_end == len(data)
    assert container.metadata["lastFrame"] == 7


def test_a_file_without_metadata_has_none(slp: Any):
    one = slp().start().frames(-123, -120).end()
    one.metadata = b""
    assert open_container(one.data()).metadata == {}


def test_broken_metadata_is_no_metadata(slp: Any):
    one = slp().start().frames(-123, -120).end()
    one.metadata = b"U\x08metadata{U\x07startAtSU\xff"
    assert open_container(one.data()).metadata == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\x89PNG\r\n\x1a\n",
        b"<html>",
        b"version https://git-lfs",
        b"{U\x03raw[$U#l",
        b"\x1f\x8b\x08",
    ],
)
def test_other_files_fail(data: bytes):
    with pytest.raises(ReplayRefused, match=r"not a \.slp") as caught:
        open_container(data)
    assert caught.value.reason is Reason.NOT_SLP


def test_names_do_not_show_in_a_container(slp: Any):
    one = slp().start()
    one.metadata = b"U\x08metadata{U\x07playersSU\x06SECRET}"
    container = open_container(one.data())
    assert container.metadata["players"] == "SECRET"
    assert "SECRET" not in repr(container)


OBJECT = (
    b"U\x01aSU\x02hiU\x01bi\xffU\x01cI\x01\x00U\x01dl\xff\xff\xff\x85U\x01eL\0\0\0\0\0\0\0\x05"
    b"U\x01fd?\x80\0\0U\x01gD?\xf0\0\0\0\0\0\0U\x01hTU\x01iFU\x01jZU\x01k{U\x01lU\x09}}"
)  # fmt: skip


def test_ubjson_values_are_read():
    assert read_object(OBJECT, 0) == {
        "a": "hi", "b": -1, "c": 256, "d": -123, "e": 5, "f": 1.0, "g": 1.0, "h": True, "i": False, "j": None,
        "k": {"l": 9},
    }  # fmt: skip


@pytest.mark.parametrize("cut", range(len(OBJECT)))
def test_cut_ubjson_fails(cut: int):
    with pytest.raises(UbjsonError, match="cut"):
        read_object(OBJECT[:cut], 0)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"U\x01a{" * 20, "deeper"),
        (b"U\x01aZ" * 10_001, "entries"),
        (b"U\x01a[", "type"),
        (b"S\x01a", "length"),
        (b"i\xffa", "cut"),
        (b"U\x01aSl\x7f\xff\xff\xff", "cut"),
    ],
)
def test_odd_ubjson_fails(data: bytes, match: str):
    with pytest.raises(UbjsonError, match=match):
        read_object(data, 0)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes):
    with contextlib.suppress(UbjsonError):
        assert isinstance(read_object(data, 0), dict)
