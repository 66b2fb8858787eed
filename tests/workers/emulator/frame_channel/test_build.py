"""The frame channel's committed library is what its committed source compiles to."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from workers.emulator.frame_channel import build, picture_memory, records

REMEDY = "build the library anew: make channel"


@pytest.fixture(scope="module")
def record() -> dict[str, str]:
    return json.loads(build.RECORD.read_text())


def test_the_committed_library_was_made_from_the_committed_source(record):
    assert record["sources_sha256"] == build.sources_sha256(), REMEDY
    assert record["library_sha256"] == hashlib.sha256(build.LIBRARY.read_bytes()).hexdigest(), REMEDY


@pytest.mark.slow
def test_a_rebuild_gives_the_committed_bytes(record):
    version = build.compiler_version()
    if version is None:
        pytest.skip(f"no {build.COMPILER} here: apt-get install gcc to compare a rebuild")
    if version != record["compiler"]:
        pytest.skip(f"the library was made by {record['compiler']}, here is {version}: bytes may differ")
    assert build.compile_library() == build.LIBRARY.read_bytes(), REMEDY


def test_a_source_that_does_not_compile_fails(monkeypatch, tmp_path):
    if build.compiler_version() is None:
        pytest.skip(f"no {build.COMPILER} here")
    (tmp_path / "channel.c").write_text("int main(void) { return }")
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    with pytest.raises(build.EnvironmentFailed, match=r"channel\.c"):
        build.compile_library()


def test_a_machine_without_the_compiler_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(build, "COMPILER", "no-such-gcc")
    with pytest.raises(build.EnvironmentFailed, match="apt-get install gcc"):
        build.compile_library()


def test_it_needs_no_newer_c_library_than_people_have():
    versions = re.findall(rb"GLIBC_([0-9]+)\.([0-9]+)", build.LIBRARY.read_bytes())
    assert max((int(major), int(minor)) for major, minor in versions) <= (2, 17)


def test_library_and_reader_agree_on_version_magic_and_sizes():
    source = (build.SOURCES / "channel.c").read_text()
    assert re.search(rf"VERSION = {records.VERSION}, MAGIC = {records.MAGIC:#x}\b", source)
    assert re.search(rf"NUM_SLOTS = {picture_memory.NUM_SLOTS}\b", source)
    assert re.search(rf"MAX_RECORD = {records.MAX_LINE_BYTES}\b", (build.SOURCES / "channel.h").read_text())
    assert re.search(rf"MAX_SIDE = {picture_memory.MAX_SIDE}\b", (build.SOURCES / "pictures.c").read_text())
