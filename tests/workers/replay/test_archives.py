"""Archives of every kind, and archives within them, are read; hostile ones cost limited time and memory."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import tarfile
import threading
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING

import py7zr
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import archive_entries, archive_walk, content
from workers.replay.archive_walk import Budget, Member
from workers.replay.locator import NameKind, Place, nested_locator, place_of
from workers.replay.source import archive_members, is_slow, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KINDS = (".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst")
SLOW = tuple(kind for kind in KINDS if kind not in (".zip", ".tar"))


def replay(mark: int) -> bytes:
    return b"{U\x03raw[$U#l" + bytes([mark]) * 3000


def pack(kind: str, members: Mapping[str, bytes]) -> bytes:
    """Pack these members into an archive of this kind, and return its bytes."""
    packed = io.BytesIO()
    if kind == ".zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return packed.getvalue()
    if kind == ".7z":
        with py7zr.SevenZipFile(packed, "w") as seven:
            for name, data in members.items():
                seven.writestr(data, name)
        return packed.getvalue()
    with tarfile.open(fileobj=packed, mode="w") as opened:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    tar = packed.getvalue()
    if kind in (".tar.gz", ".tgz"):
        return gzip.compress(tar)
    if kind in (".tar.xz", ".txz"):
        return lzma.compress(tar)
    return tar if kind == ".tar" else pa.Codec("zstd").compress(tar, asbytes=True)


def everything(path: Path) -> list[Member]:
    return list(archive_members(path))


def read(path: Path, member: Member) -> bytes:
    return read_source(nested_locator(str(path), member.steps))


@pytest.mark.parametrize("kind", KINDS)
def test_replays_of_every_kind_of_archive_are_listed_and_read(tmp_path: Path, kind: str):
    members = {"x/a.slp": replay(1), "b.slp.gz": gzip.compress(replay(2)), "notes.txt": b"no replay"}
    path = tmp_path / f"games{kind.upper()}"
    path.write_bytes(pack(kind, members))
    found = {one.name: one for one in everything(path)}
    assert found.keys() == members.keys()
    assert found["notes.txt"].kind is NameKind.OTHER
    for name, data in (("x/a.slp", replay(1)), ("b.slp.gz", replay(2))):
        assert read(path, found[name]) == data
        assert found[name].content in ((data,) if kind in SLOW else (None,))
    assert is_slow(place_of(f"{path}!x/a.slp")) == (kind in SLOW)


@pytest.mark.parametrize("outer", KINDS)
@pytest.mark.parametrize("inner", [".zip", ".7z", ".tar", ".tar.zst"])
def test_replays_of_archives_within_archives_are_listed_and_read(tmp_path: Path, outer: str, inner: str):
    within = pack(inner, {"a.slp": replay(1), "d/b.slp": replay(2), "notes.txt": b"-"})
    path = tmp_path / f"set{outer}"
    path.write_bytes(pack(outer, {f"2024/part{inner}": within, "c.slp": replay(3)}))
    found = {one.steps: one for one in everything(path)}
    part = (f"2024/part{inner}", 1)
    assert {(part, ("a.slp", 1)), (part, ("d/b.slp", 1)), (part, ("notes.txt", 1))} < found.keys()
    assert (("c.slp", 1),) in found
    for name, mark in (("a.slp", 1), ("d/b.slp", 2)):
        member = found[part, (name, 1)]
        assert member.content == replay(mark)
        assert read(path, member) == replay(mark)
        assert is_slow(place_of(nested_locator(str(path), member.steps)))


@pytest.mark.slow
@given(st.lists(st.tuples(st.text(min_size=1, max_size=6), st.integers(1, 12)), min_size=1, max_size=3))
def test_the_locator_of_a_member_of_a_member_is_turned_back(steps: list[tuple[str, int]]):
    named = tuple(
        (f"{name}{'.slp' if place == len(steps) - 1 else '.tar.zst'}", number)
        for place, (name, number) in enumerate(steps)
    )
    place = place_of(nested_locator("/x!y.zip!z/g.7z", named))
    assert place.path == "/x!y.zip!z/g.7z"
    assert place.steps == named


@pytest.mark.parametrize("name", ["a.7z:2!b.slp", "x.tar.xz:3!y.zip!b.slp"])
def test_a_name_that_looks_like_two_steps_is_one(name: str):
    assert place_of(nested_locator("/g.zip", ((name, 1),))) == Place("/g.zip", name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "data", [b"", b"garbage" * 99, b"7z\xbc\xaf\x27\x1c" + bytes(60), b"\xfd7zXZ\0" + bytes(60)]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, kind: str, data: bytes):
    path = tmp_path / f"a{kind}"
    path.write_bytes(data)
    with pytest.raises(ReplayRefused) as caught:
        everything(path)
    assert caught.value.reason is Reason.UNREADABLE


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), is_cut=st.booleans())
def test_an_archive_that_was_cut_or_garbled_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, kind: str, share: float, is_cut: bool
):
    members = {f"SOMEBODY{n}.slp": replay(n) + random.Random(n).randbytes(2000) for n in range(4)}
    whole = pack(kind, members)
    place = int(share * len(whole))
    path = tmp_path_factory.mktemp("damaged") / f"a{kind}"
    path.write_bytes(whole[:place] if is_cut else whole[:place] + b"\x5a" + whole[place + 1 :])
    found, refusal = [], None
    try:
        for member in archive_members(path):
            found += [member]
    except ReplayRefused as caught:
        refusal = caught
    if refusal is None:
        # A .tar that breaks off between its last member and its end mark has lost nothing.
        assert len(found) == len(members)
    else:
        assert refusal.reason in (Reason.UNREADABLE, Reason.NOT_READ)
        assert "SOMEBODY" not in refusal.detail


def test_an_encrypted_7z_says_so(tmp_path: Path):
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w", password="secret") as archive:
        archive.writestr(replay(1), "a.slp")
    with pytest.raises(ReplayRefused, match=r"the \.7z is encrypted; unpack it with its password first"):
        everything(path)


def renamed_7z(names: Mapping[str, str]) -> bytes:
    """Make a .7z that py7zr would not write: each replay has its own name, then is renamed in the header."""
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w") as archive:
        archive.set_encoded_header_mode(mode=False)
        for mark, name in enumerate(names, start=1):
            archive.writestr(replay(mark), name)
    data = packed.getvalue()
    for old, new in names.items():
        head, _, tail = data.rpartition(old.encode("utf-16le"))
        data = head + new.encode("utf-16le") + tail
    start = int.from_bytes(data[12:20], "little") + 32
    header_crc = zlib.crc32(data[start:]).to_bytes(4, "little")
    pointer = data[12:28] + header_crc
    return data[:8] + zlib.crc32(pointer).to_bytes(4, "little") + pointer + data[32:]


@pytest.mark.parametrize("name", ["../../x.slp", "/../../xslp", "C:/aaaa.slp"])
def test_a_path_that_leads_out_of_a_7z_is_refused(tmp_path: Path, name: str):
    path = tmp_path / "a.7z"
    path.write_bytes(renamed_7z({"aa/bb/x.slp": name}))
    try:
        found = everything(path)
    except ReplayRefused as refusal:
        assert "leads out" in refusal.detail  # noqa: PT017 - a name that is no replay's is only counted
    else:
        assert [one.kind for one in found] == [NameKind.OTHER]


def test_two_members_of_one_name_in_a_7z_are_two_replays(tmp_path: Path):
    path = tmp_path / "a.7z"
    path.write_bytes(renamed_7z({"a.slp": "a.slp", "b.slp": "a.slp"}))
    found = everything(path)
    assert [(one.name, one.number, one.content) for one in found] == [
        ("a.slp", 1, replay(1)),
        ("a.slp", 2, replay(2)),
    ]
    assert read_source(f"{path}!a.slp:2") == replay(2)


def test_whoever_stops_reading_a_7z_leaves_no_thread(tmp_path: Path):
    path = tmp_path / "a.7z"
    path.write_bytes(pack(".7z", {f"{n}.slp": replay(n) for n in range(50)}))
    before = threading.active_count()
    members = archive_members(path)
    next(members)
    members.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def nest(kind: str, depth: int) -> bytes:
    data, name = replay(1), "a.slp"
    for level in range(depth):
        data, name = pack(kind, {name: data}), f"{level}{kind}"
    return data


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".7z"])
def test_archives_are_read_to_a_depth_and_no_further(tmp_path: Path, kind: str):
    path = tmp_path / f"a{kind}"
    path.write_bytes(nest(kind, archive_walk.MAX_DEPTH))
    assert [one.content for one in everything(path)] == [replay(1)]
    path.write_bytes(nest(kind, archive_walk.MAX_DEPTH + 1))
    (refused,) = everything(path)
    assert isinstance(refused.content, ReplayRefused)
    assert refused.content.reason is Reason.NOT_READ
    assert "deep" in refused.content.detail


@pytest.mark.slow
@pytest.mark.parametrize("outer", [".zip", ".tar.xz", ".7z"])
def test_an_inner_archive_that_is_a_bomb_is_refused(
    tmp_path: Path, outer: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archive_walk, "_FREE_INNER_BYTES", 1 << 20)
    path = tmp_path / f"a{outer}"
    path.write_bytes(pack(outer, {"bomb.tar": bytes(40 << 20), "z.slp": replay(1)}))
    tracemalloc.start()
    found = {one.name: one for one in everything(path)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    refused = found["bomb.tar"].content
    assert isinstance(refused, ReplayRefused)
    assert "more than an honest one could" in refused.detail
    assert "z.slp" in found
    assert peak < 128 << 20  # py7zr unpacks up to 128 MB of a member at once, in two copies


def test_an_inner_archive_of_too_many_members_is_refused(tmp_path: Path):
    inner = pack(".zip", {f"{n}.txt": b"" for n in range(20)})
    with pytest.raises(ReplayRefused, match="more than an honest one could"):
        list(archive_walk.members_within(io.BytesIO(inner), "a.zip", Budget(1 << 20, 10), depth=2))


@pytest.mark.parametrize("kind", SLOW)
def test_a_replay_that_is_a_bomb_is_not_expanded(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch):
    for module in (content, archive_entries):
        monkeypatch.setattr(module, "MAX_REPLAY_BYTES", 1 << 20)
    path = tmp_path / f"a{kind}"
    path.write_bytes(pack(kind, {"a.slp": replay(1) + bytes(8 << 20)}))
    (found,) = everything(path)
    assert isinstance(found.content, ReplayRefused)
    assert "no game is that long" in found.content.detail


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_inner_archive_is_counted(tmp_path: Path, kind: str):
    path = tmp_path / "a.zip"
    path.write_bytes(pack(".zip", {f"in{kind}": pack(kind, {})}))
    assert [one.kind for one in everything(path)] == [NameKind.OTHER]


@pytest.mark.parametrize("locator", ["in.zip!b.slp", "other.zip!a.slp", "in.zip!a.slp:2"])
def test_a_member_that_is_not_there_any_more_fails(tmp_path: Path, locator: str):
    path = tmp_path / "a.tar.zst"
    path.write_bytes(pack(".tar.zst", {"in.zip": pack(".zip", {"a.slp": replay(1)})}))
    with pytest.raises(EnvironmentFailed, match="no member"):
        read_source(f"{path}!{locator}")


def test_several_xz_streams_with_padding_are_one(tmp_path: Path):
    tar = pack(".tar", {"a.slp": replay(1)})
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(tar[:700]) + bytes(8) + lzma.compress(tar[700:]) + bytes(4))
    (found,) = everything(path)
    assert found.content == replay(1)


def tar_gz_of(path: Path, *blocks: bytes, filler: bytes, filler_mib: int) -> Path:
    """Make a .tar.gz of these bytes and this much filler, which takes a thousandth of its size on disk."""
    with gzip.open(path, "wb") as file:
        file.writelines(blocks)
        for _ in range(filler_mib):
            file.write(filler * ((1 << 20) // len(filler)))
    return path


def tar_header(name: str, kind: bytes, size: int, extended: bool = False) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    data = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if extended:  # GNU's old format of sparse files: more of the map follows
        data[482] = 1
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


def pax_record(key: str, value: str) -> bytes:
    text = f" {key}={value}\n"
    length = len(text) + 3
    return f"{length:03d}{text}".encode()


SPARSE_PAX = b"".join(
    pax_record(f"GNU.sparse.{key}", value)
    for key, value in {"major": "1", "minor": "0", "name": "a.slp", "realsize": "10"}.items()
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blocks", "filler", "said"),
    [
        ((tar_header("x", b"x", 200 << 20),), b"a", "a header claims 209715200 bytes"),
        ((tar_header("x", b"g", 200 << 20),), b"a", "a header claims 209715200 bytes"),
        ((tar_header("x", b"L", 200 << 20),), b"a", "a header claims 209715200 bytes"),
        ((tar_header("x", b"K", 200 << 20),), b"a", "a header claims 209715200 bytes"),
        (
            (tar_header("a.slp", b"S", 0, extended=True),),
            (b"00000000001\0" * 42).ljust(504, b"\0") + b"\1" * 8,
            "the map of a file with holes has more than",
        ),
        (
            (
                tar_header("x", b"x", len(SPARSE_PAX)),
                SPARSE_PAX.ljust(512, b"\0"),
                tar_header("a.slp", b"0", 200 << 20),
                b"999999999\n",
            ),
            b"1\n",
            "unexpected end of data",
        ),
        (
            (
                tar_header("x", b"g", 1 << 19) + pax_record("k1", "v").ljust(1 << 19, b"\0"),
                tar_header("x", b"g", 1 << 20) + bytes(1 << 20),
            ),
            b"\0",
            "its global headers have 1572864 bytes",
        ),
        (
            (tar_header("x", b"L", 5000), b"n" * 5000 + bytes(120), tar_header("n", b"0", 0)),
            b"\0",
            "a name of 5000 bytes",
        ),
    ],
)
def test_headers_that_expand_without_end_are_refused_in_little_memory(
    tmp_path: Path, blocks: tuple[bytes, ...], filler: bytes, said: str
):
    path = tar_gz_of(tmp_path / "a.tar.gz", *blocks, filler=filler, filler_mib=64)
    tracemalloc.start()
    with pytest.raises(ReplayRefused, match=said):
        everything(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_member_without_a_name_is_passed_over(tmp_path: Path):
    """A fuzzer found this: zipfile itself fails on such a member."""
    data = bytearray(pack(".zip", {"x": b"1", "z.slp": replay(1)}))
    first = data.index(b"PK\1\2")
    data[first + 28 : first + 30] = b"\0\0"  # where the length of the first member's name lies
    del data[first + 46 : first + 47]
    end = data.index(b"PK\5\6")
    data[end + 12 : end + 16] = (int.from_bytes(data[end + 12 : end + 16], "little") - 1).to_bytes(
        4, "little"
    )
    (tmp_path / "a.zip").write_bytes(data)
    assert [(one.name, one.kind) for one in everything(tmp_path / "a.zip")] == [
        ("", NameKind.OTHER),
        ("z.slp", NameKind.REPLAY),
    ]
