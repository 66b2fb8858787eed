from __future__ import annotations

import hashlib
import json
import re

import pytest

from workers.replay import melee_names
from workers.standin.image import build
from workers.standin.image.dol import read_dol

REMEDY = "build the image anew: python -m workers.standin.image.build"


@pytest.fixture(scope="module")
def record() -> dict[str, str]:
    return json.loads(build.RECORD.read_text())


def test_the_committed_image_was_made_from_the_committed_sources(record):
    assert record["sources_sha256"] == build.sources_sha256(), REMEDY
    for name, (path, _) in build.IMAGES.items():
        assert record[name] == hashlib.sha256(path.read_bytes()).hexdigest(), REMEDY


@pytest.mark.slow
@pytest.mark.parametrize(("path", "defines"), build.IMAGES.values(), ids=build.IMAGES)
def test_a_rebuild_gives_the_committed_bytes(record, path, defines):
    version = build.compiler_version()
    if version is None:
        pytest.skip(f"no {build.COMPILER} here: apt-get install gcc-powerpc-linux-gnu to compare a rebuild")
    if version != record["compiler"]:
        pytest.skip(f"the image was made by {record['compiler']}, here is {version}: bytes may differ")
    assert build.compile_image(*defines) == path.read_bytes(), REMEDY


@pytest.mark.parametrize("path", [path for path, _ in build.IMAGES.values()], ids=build.IMAGES)
def test_the_program_starts_where_both_dolphins_load_it(path):
    game = read_dol(path.read_bytes())
    (text,) = game.text
    assert game.entry == text.address == build.LOAD_ADDRESS
    assert not game.data
    assert len(text.payload) < 256 * 1024


def test_sources_that_do_not_compile_fail(monkeypatch, tmp_path):
    if build.compiler_version() is None:
        pytest.skip(f"no {build.COMPILER} here")
    (tmp_path / "main.c").write_text("int main(void) { return }")
    monkeypatch.setattr(build, "GAME", tmp_path)
    with pytest.raises(build.EnvironmentFailed, match=r"main\.c"):
        build.compile_image()


def test_a_machine_without_the_compiler_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(build, "COMPILER", "no-such-gcc")
    with pytest.raises(build.EnvironmentFailed, match="gcc-powerpc-linux-gnu"):
        build.compile_image()


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"U\((-?[\d.]+)\)", text)]


@pytest.mark.parametrize("stage", sorted(melee_names.LEGAL_STAGES))
def test_floors_ledges_and_blast_zones_are_libmelees(stage):
    geometry = melee_names.stage_geometry(stage)
    text = (build.GAME / "stage_table.c").read_text()
    names = {
        int(number): name
        for name, number in re.findall(r"(\w+) = (\d+)", (build.GAME / "stage_table.h").read_text())
    }
    table = re.split(r"\{\.id = ", text)
    (body,) = [part for part in table if part.startswith(names[stage] + ",")]
    blast = numbers(re.search(r"\.blast = \{(.*?)\}", body)[1])
    assert blast == [geometry.blast_left, geometry.blast_right, geometry.blast_top, geometry.blast_bottom]
    floor_end = numbers(re.search(r"\.sections = \{(.*?)\}\}", body, re.DOTALL)[1].split("{")[-1])[0]
    assert floor_end == pytest.approx(geometry.ground_x, abs=1 / 64)
    ledges = re.search(r"\.ledges = \{(.*?)\}\}", body, re.DOTALL)
    drawn = [tuple(numbers(one)) for one in ledges[1].split("{")[1:]] if ledges else []
    for platform in geometry.platforms:
        assert any(
            (left, right, y) == pytest.approx((platform.left, platform.right, platform.y), abs=1 / 64)
            for left, right, y in drawn
        ), platform
