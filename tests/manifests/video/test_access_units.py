"""H.264 bytes are divided into pictures without loss, and every kind of bad stream is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.video.access_units import is_key_picture, nal_length_bytes, split_access_units

AVCC = bytes([1, 100, 0, 31, 0xFF, 0xE1, 0])


def unit(kind: int, body: bytes) -> bytes:
    content = bytes([0x60 | kind]) + body
    return len(content).to_bytes(4, "big") + content


others = st.builds(unit, st.sampled_from([6, 7, 8, 9]), st.binary(min_size=1, max_size=20))
first_slices = st.builds(lambda kind, body: unit(kind, b"\x88" + body), st.sampled_from([1, 5]), st.binary())
further_slices = st.builds(lambda kind, body: unit(kind, b"\x48" + body), st.just(1), st.binary())
pictures = st.builds(
    lambda before, first, further: b"".join([*before, first, *further]),
    st.lists(others, max_size=3),
    first_slices,
    st.lists(further_slices, max_size=3),
)


@pytest.mark.slow
@given(st.lists(pictures, min_size=1, max_size=8))
def test_pictures_put_together_are_found_again(parts: list[bytes]):
    assert split_access_units(b"".join(parts), AVCC) == tuple(parts)


@pytest.mark.slow
@given(st.lists(pictures, min_size=1, max_size=4), st.data())
def test_whatever_is_cut_off_no_part_of_a_picture_is_invented(parts: list[bytes], data: st.DataObject):
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    try:
        found = split_access_units(whole[:cut], AVCC)
    except ValueError:
        return
    assert b"".join(found) == whole[:cut]


@given(st.binary(max_size=200))
def test_arbitrary_bytes_divide_or_are_refused(data: bytes):
    try:
        assert b"".join(split_access_units(data, AVCC)) == data
    except ValueError as error:
        assert str(error)  # noqa: PT017 - any bytes may be either


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "hold no picture"),
        (unit(7, b"parameters"), "hold no picture"),
        (unit(5, b"\x88") + unit(6, b"note"), "do not end with a picture"),
        (unit(5, b"\x88abc")[:-1], "not whole packets"),
        (b"\x00\x00\x00\x01\x65\x88", "not whole packets"),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        split_access_units(data, AVCC)


@pytest.mark.parametrize("record", [b"", b"\x00\x00\x00\x01\x67", bytes(7)])
def test_what_is_no_avcc_record_is_refused(record: bytes):
    with pytest.raises(ValueError, match="no avcC record"):
        nal_length_bytes(record)


def test_the_length_of_lengths_is_read_from_the_record():
    assert nal_length_bytes(AVCC) == 4
    assert nal_length_bytes(AVCC[:4] + b"\xfd" + AVCC[5:]) == 2


@pytest.mark.parametrize(("kind", "is_key"), [(5, True), (1, False)])
def test_a_picture_is_a_key_picture_by_its_first_slice(kind: int, is_key: bool):
    picture = unit(7, b"parameters") + unit(6, b"note") + unit(kind, b"\x88abc") + unit(1, b"\x48abc")
    assert is_key_picture(picture, AVCC) is is_key


def test_units_without_a_slice_are_no_key_picture():
    assert not is_key_picture(unit(7, b"parameters"), AVCC)
