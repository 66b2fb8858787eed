from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.standin.image.dol import HEADER_BYTES, Section, read_dol, write_dol

sections = st.builds(
    Section,
    st.integers(0, 0xBFFF).map(lambda page: 0x80000000 + page * 512),
    st.binary(min_size=1, max_size=300),
)


@pytest.mark.slow
@given(st.lists(sections, max_size=7), st.lists(sections, max_size=11), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read_back_padded_to_32_bytes(text, data, entry):
    program = read_dol(write_dol(entry, tuple(text), tuple(data)))
    assert program.entry == entry
    for written, read in ((text, program.text), (data, program.data)):
        assert [section.address for section in read] == [section.address for section in written]
        for before, after in zip(written, read, strict=True):
            assert len(after.payload) % 32 == 0
            assert after.payload == before.payload.ljust(len(after.payload), b"\0")


def test_the_header_is_where_the_console_looks_for_it():
    image = write_dol(0x80003100, (Section(0x80003100, b"code"),), (Section(0x80800000, b"data" * 10),))
    assert struct.unpack_from(">I", image, 0)[0] == HEADER_BYTES
    assert struct.unpack_from(">I", image, 0x1C)[0] == HEADER_BYTES + 32
    assert struct.unpack_from(">I", image, 0x48)[0] == 0x80003100
    assert struct.unpack_from(">I", image, 0x64)[0] == 0x80800000
    assert struct.unpack_from(">I", image, 0x90)[0] == 32
    assert struct.unpack_from(">I", image, 0xAC)[0] == 64
    assert struct.unpack_from(">3I", image, 0xD8) == (0, 0, 0x80003100)
    assert len(image) == HEADER_BYTES + 32 + 64


def test_a_program_of_too_many_sections_fails():
    section = Section(0x80003100, b"x")
    with pytest.raises(ValueError, match="7 text and 11 data sections, got 8 and 0"):
        write_dol(0, (section,) * 8, ())


@pytest.mark.parametrize("address", [0x7FFFFFE0, 0x80000004, 0x817FFFE0 + 32])
def test_a_section_outside_memory_or_off_its_alignment_fails(address):
    with pytest.raises(ValueError, match="multiple of 32"):
        Section(address, b"x")


def test_a_section_that_ends_beyond_memory_fails():
    with pytest.raises(ValueError, match="got 33 bytes at 0x817FFFE0"):
        Section(0x817FFFE0, bytes(33))


def test_an_empty_section_fails():
    with pytest.raises(ValueError, match="empty"):
        Section(0x80003100, b"")


def test_a_cut_program_fails():
    image = write_dol(0, (Section(0x80003100, b"code"),), ())
    with pytest.raises(ValueError, match="is cut"):
        read_dol(image[:-1])
    with pytest.raises(ValueError, match="header of 256 bytes, got 10"):
        read_dol(image[:10])
