"""A locator, the text that names a replay, is printable whatever the file's name, and can be turned back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.printable import shown
from workers.replay.locator import (
    NameKind,
    Place,
    given_locator,
    kind_of_name,
    nested_locator,
    path_locator,
    place_of,
)

if TYPE_CHECKING:
    from pathlib import Path

names = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.lists(
        st.sampled_from([b"\\", b"x1b", b"\x1b", b"\xff", b".zip", b"!", b"a", b":2", b".slp", b"\n", b"/"]),
        min_size=1,
        max_size=12,
    ).map(b"".join),
).map(os.fsdecode)


@given(name=names)
def test_a_path_is_turned_back(name: str):
    locator = path_locator(f"/{name}")
    assert place_of(locator) == Place(f"/{name}")
    assert locator.isprintable() or locator == shown(locator)
    locator.encode()


@given(folder=names, member=names, number=st.integers(1, 30))
def test_a_member_is_turned_back(folder: str, member: str, number: int):
    locator = nested_locator(f"/{folder}/g.tar.gz", ((f"{member}.slp", number),))
    assert place_of(locator) == Place(f"/{folder}/g.tar.gz", f"{member}.slp", number)
    locator.encode()


@given(key=st.text(st.characters(codec="utf-8"), min_size=1))
def test_an_object_is_turned_back(key: str):
    assert place_of(path_locator(f"s3://bucket/{key}")) == Place(f"s3://bucket/{key}")


@pytest.mark.parametrize(
    ("name", "locator"),
    [
        (b"/Game 1 (\xc3\xbc, 100%).slp", "/Game 1 (ü, 100%).slp"),
        (b"/a\\b.slp", "/a\\b.slp"),
        (b"/\x83}\x83\x8b\x83X.slp", "/\\x83}\\x83\\x8b\\x83X.slp"),  # Shift-JIS
        (b"/a\x1b[2Jb\n.slp", "/a\\x1b[2Jb\\x0a.slp"),
        (b"/a\\x1b.slp", "/a\\x5cx1b.slp"),
        (b"/x.zip!y/a.slp", "/x.zip\\x21y/a.slp"),
        ("/\u202egnp.slp".encode(), "/\\xe2\\x80\\xaegnp.slp"),  # turns the direction of writing
    ],
)
def test_only_what_cannot_be_printed_is_written_otherwise(name: bytes, locator: str):
    assert path_locator(os.fsdecode(name)) == locator


def test_locators_of_older_plans_are_read_as_they_were():
    assert place_of("/a\\b/g.zip!x\\y.slp") == Place("/a\\b/g.zip", "x\\y.slp")


def test_a_file_that_a_person_names_is_meant_by_its_name(tmp_path: Path):
    path = tmp_path / "a\\x1b.zip!b.slp"
    path.write_bytes(b"")
    assert place_of(given_locator(str(path))) == Place(str(path))
    assert place_of(given_locator(f"{tmp_path}/g.zip!b.slp")) == Place(f"{tmp_path}/g.zip", "b.slp")


@pytest.mark.parametrize(
    ("kind", "these"),
    [
        (NameKind.REPLAY, "a.slp A.SLP a.slp.gz a.SLP.zst"),
        (NameKind.ARCHIVE, "a.zip a.TAR a.tar.gz a.tgz a.7z a.tar.xz a.TXZ a.tar.zst a.tzst"),
        (
            NameKind.UNREAD,
            (
                "a.rar a.tar.bz2 a.tbz a.tbz2 a.tar.lz4 a.gz a.xz a.zst "
                "a.slp.xz a.slp.bz2 a.Z a.zipx a.7z.001 a.zip.002 a.z01 a.r00 a.part1.rar a.slpz a.LZH"
            ),
        ),
        (NameKind.OTHER, "notes.txt .DS_Store a.slp.bak slp a.iso a.json a.png a.001"),
    ],
)
def test_a_name_tells_what_is_read(kind: NameKind, these: str):
    assert {kind_of_name(name) for name in these.split()} == {kind}
