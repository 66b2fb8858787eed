from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from tests.workers.standin.image.conftest import make_state
from workers.align.faults import Fault, FaultKind
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.standin.image import layout, pack
from workers.standin.image.build import IMAGE
from workers.standin.image.dol import read_dol


def unpack(image: bytes):
    """Read header, steps, frames and items as the stand-in program finds them."""
    (section,) = read_dol(image).data
    assert section.address == layout.BASE
    header = np.frombuffer(section.payload, layout.HEADER, 1)[0]

    def part(name: str, dtype: np.dtype) -> np.ndarray:
        return np.frombuffer(section.payload, dtype, header[f"num_{name}"], int(header[name]) - layout.BASE)

    return header, part("steps", layout.STEP), part("records", layout.FRAME), part("items", layout.ITEM)


def test_a_packed_game_is_the_program_with_the_replay_behind_it():
    image = pack.pack(make_state(7))
    header, steps, frames, items = unpack(image)
    assert header["magic"] == layout.MAGIC
    assert header["version"] == layout.VERSION
    assert (len(steps), len(frames), len(items)) == (7, 7, 0)
    assert header["game_end"] == -117
    assert header["stage"] == 31
    assert header["players"]["port"].tolist() == [0, 2]
    committed = read_dol(IMAGE.read_bytes())
    assert read_dol(image).text == committed.text
    assert read_dol(image).entry == committed.entry


def test_the_same_table_packs_to_the_same_bytes_and_another_to_others():
    assert pack.pack(make_state(7, p0__x=3.0)) == pack.pack(make_state(7, p0__x=3.0))
    assert pack.pack(make_state(7, p0__x=3.0)) != pack.pack(make_state(7, p0__x=4.0))


def test_the_stamp_is_a_flag():
    assert unpack(pack.pack(make_state(2)))[0]["flags"] == layout.FLAG_STAMP
    assert unpack(pack.pack(make_state(2), stamp=False))[0]["flags"] == 0


def test_a_slice_keeps_its_numbers():
    header, steps, frames, _ = unpack(pack.pack(make_state(20).slice(5, 9)))
    assert steps["stamp"].tolist() == frames["slp_frame"].tolist() == [-118, -117, -116, -115]
    assert header["game_end"] == -115


def test_a_desync_carries_both_games():
    one, other = make_state(6, p0__x=1.0), make_state(4, p0__x=2.0)
    _, steps, frames, _ = unpack(pack.pack(one, fault=Fault(FaultKind.DESYNC, at=3), other=other))
    assert steps["record"].tolist() == [0, 1, 2, 9, 9, 9]
    assert (frames["fighters"]["x"][:, 0] // layout.UNIT).tolist() == [1] * 6 + [2] * 4


def test_more_than_two_players_are_refused():
    with pytest.raises(ReplayRefused, match="draws 2 players, this replay has 4") as refused:
        pack.pack(make_state(2, ports=(0, 1, 2, 3)))
    assert refused.value.reason is Reason.NOT_ONE_ON_ONE


def test_a_game_beyond_the_consoles_memory_is_refused():
    with pytest.raises(ReplayRefused, match="this one of 150000 frames") as refused:
        pack.pack(make_state(150_000))
    assert refused.value.reason is Reason.TOO_LONG


def test_eight_minutes_fit_with_fifteen_items_a_frame():
    num_frames = 8 * 60 * 60 + 123
    num_bytes = num_frames * (layout.STEP.itemsize + layout.FRAME.itemsize + 15 * layout.ITEM.itemsize)
    assert num_bytes < layout.EXCLUSIVE_END - layout.BASE


def test_the_image_is_known_by_its_hash():
    assert pack.image_sha256() == hashlib.sha256(IMAGE.read_bytes()).hexdigest()


def test_an_installation_without_the_image_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(pack, "IMAGE", tmp_path / "standin.dol")
    pack.program.cache_clear()
    try:
        with pytest.raises(EnvironmentFailed, match="install the project again"):
            pack.program()
    finally:
        pack.program.cache_clear()


def test_items_of_the_other_game_are_found_behind_the_first_ones():
    one = make_state(2)
    items = dataclasses.replace(
        one.items, offsets=np.array([0, 1, 2], np.int64), columns=_two(one), recorded=frozenset({"type"})
    )
    with_items = dataclasses.replace(one, items=items)
    _, _, frames, packed = unpack(
        pack.pack(with_items, fault=Fault(FaultKind.DESYNC, at=1), other=with_items)
    )
    assert frames["first_item"].tolist() == [0, 1, 2, 3]
    assert packed["type"].tolist() == [54, 55, 54, 55]


def _two(state) -> dict[str, np.ndarray]:
    columns = {name: np.zeros(2, values.dtype) for name, values in state.items.columns.items()}
    columns["type"] = np.array([54, 55], columns["type"].dtype)
    return columns
