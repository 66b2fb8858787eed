"""The packer's dtypes agree with the C header: both describe one format, and only this test links them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workers.standin.image import layout
from workers.standin.image.build import GAME

C_TYPES = {"u8": "u1", "s8": "i1", "u16": ">u2", "s16": ">i2", "u32": ">u4", "s32": ">i4"}
STRUCTS = {
    "fighter": layout.FIGHTER,
    "item": layout.ITEM,
    "frame": layout.FRAME,
    "step": layout.STEP,
    "player": layout.PLAYER,
    "replay": layout.HEADER,
}


@pytest.fixture(scope="module")
def header() -> str:
    return re.sub(r"/\*.*?\*/", "", (GAME / "replay.h").read_text(), flags=re.DOTALL)


def constant(text: str, name: str) -> int:
    return int(re.search(rf"#define {name} (\w+?)u?\s", text)[1], 0)


def members(header: str, struct: str) -> list[tuple[str, str, int]]:
    """The (type, name, count) of each member, in order."""
    body = re.search(rf"struct {struct} \{{(.*?)\n\}};", header, flags=re.DOTALL)[1]
    found = []
    for kind, names in re.findall(r"(?:struct )?(\w+) ([^;]+);", body):
        for name in names.split(","):
            label, _, count = name.strip().rstrip("]").partition("[")
            number = (int(count) if count.isdigit() else constant(header, count)) if count else 1
            found.append((kind, label, number))
    return found


def test_every_structure_has_the_headers_members_in_order(header):
    for struct, dtype in STRUCTS.items():
        declared = members(header, struct)
        assert [name for _, name, _ in declared] == list(dtype.names), struct
        for kind, name, count in declared:
            element, shape = dtype.fields[name][0].subdtype or (dtype.fields[name][0], ())
            assert int(np.prod(shape, dtype=int)) == count, (struct, name)
            assert element == (STRUCTS[kind] if kind in STRUCTS else np.dtype(C_TYPES[kind])), (struct, name)


def test_no_structure_has_padding_that_the_compiler_would_add(header):
    for dtype in STRUCTS.values():
        for name in dtype.names:
            field, offset = dtype.fields[name][:2]
            scalar = (field.subdtype[0] if field.subdtype else field).str
            size = np.dtype(scalar).itemsize if scalar[1] != "V" else 2
            assert offset % min(size, 4) == 0, name
        assert dtype.itemsize % 4 == 0


def test_constants_agree(header):
    for name in ("UNIT", "AGE_UNIT", "PERCENT_UNIT", "SHIELD_UNIT", "NO_LINE", "NO_PICTURE", "IDLE_FIELD"):
        assert constant(header, name) == getattr(layout, name), name
    assert constant(header, "REPLAY_MAGIC") == layout.MAGIC
    assert constant(header, "REPLAY_VERSION") == layout.VERSION
    assert constant(header, "REPLAY_FLAG_STAMP") == layout.FLAG_STAMP
    assert constant(header, "NUM_FIGHTERS") == layout.NUM_FIGHTERS
    flags = {name: int(value) for name, value in re.findall(r"FIGHTER_([A-Z]+) = (\d+)", header)}
    assert flags == layout.FIGHTER_FLAGS


def test_the_replay_lies_where_the_program_looks():
    memory = (GAME / "memory.h").read_text()
    assert constant(memory, "REPLAY_BASE") == layout.BASE
    assert constant(memory, "REPLAY_END") == layout.EXCLUSIVE_END
