"""Pack a state table and the stand-in's program into one DOL, which plays the states.

    StateTable -> frames, items (records.py), steps (steps.py) -> one section at 0x80800000 -> DOL

The same table always gives the same bytes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.standin.image import layout
from workers.standin.image.build import IMAGE
from workers.standin.image.dol import Section, read_dol, write_dol
from workers.standin.image.records import frame_records, item_records
from workers.standin.image.steps import faulty_steps, plain_steps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from manifests.state.table import StateTable
    from workers.align.faults import Fault

NUM_PLAYERS: Final = 2
TIMER_SECONDS: Final = 480
_ALIGNMENT: Final = 32


@cache
def program(image: Path | None = None) -> bytes:
    """Return a committed program without a replay: the game, or the benchmark's build of it.

    Raises:
        EnvironmentFailed: the image is missing from this installation.
    """
    try:
        return (image or IMAGE).read_bytes()
    except OSError as error:
        message = (
            f"the stand-in game's image cannot be read: {error}; "
            "install the project again, or build the image with python -m workers.standin.image.build"
        )
        raise EnvironmentFailed(message) from error


def image_sha256() -> str:
    """Return the sha256 of the committed program, hex: part of every render's fingerprint."""
    return hashlib.sha256(program()).hexdigest()


def pack(
    state: StateTable,
    *,
    stamp: bool = True,
    fault: Fault | None = None,
    other: StateTable | None = None,
    image: Path | None = None,
) -> bytes:
    """Return a bootable DOL that shows every row of the table once, in order, and then holds the last.

    Args:
        state: T rows of a game of two players; row 0 is the first picture.
        stamp: Whether the bottom 16 rows carry the frame stamp.
        fault: A fault to show, for tests; the last shown picture is held at the end as usual.
        other: The game that a desync shows, drawn on the first game's stage; for tests.
        image: The program to use, build.HEAVY_IMAGE for benchmarks; None for the game.

    Raises:
        ValueError: the fault is a desync, but there is no other game.
        ReplayRefused: there are not two players, or more frames and items than the console's memory can hold.
        EnvironmentFailed: the program's image is missing.
    """
    for table in filter(None, (state, other)):
        if table.num_players != NUM_PLAYERS:
            message = f"the stand-in draws {NUM_PLAYERS} players, this replay has {table.num_players}"
            raise ReplayRefused(Reason.NOT_ONE_ON_ONE, message)
    slp_frames = state.values("slp_frame")
    if fault is None:
        steps = plain_steps(slp_frames)
    else:
        steps = faulty_steps(slp_frames, fault, 0 if other is None else other.num_frames)
    section = replay_section(state, other, steps, stamp=stamp)
    game = read_dol(program(image))
    return write_dol(game.entry, game.text, (*game.data, section))


def replay_section(
    state: StateTable, other: StateTable | None, steps: NDArray[Any], *, stamp: bool
) -> Section:
    """Lay out header, steps, frames and items one after the other from layout.BASE on.

    Raises:
        ReplayRefused: they do not fit into memory.
    """
    frames, items = frame_records(state), item_records(state)
    if other is not None:
        other_frames = frame_records(other)
        other_frames["first_item"] += len(items)
        # The dtype is given because numpy would otherwise change the numbers to this machine's byte order.
        frames = np.concatenate([frames, other_frames], dtype=layout.FRAME)
        items = np.concatenate([items, item_records(other)], dtype=layout.ITEM)
    header = np.zeros((), layout.HEADER)
    parts: list[tuple[str, NDArray[Any]]] = [
        ("steps", steps),
        ("records", frames),
        ("items", items),
    ]
    blobs = [b""]
    address = layout.BASE + _padded(header.nbytes)
    for name, part in parts:
        header[name], header[f"num_{name}"] = address, len(part)
        blobs.append(part.tobytes() + bytes(_padded(part.nbytes) - part.nbytes))
        address += _padded(part.nbytes)
    if address > layout.EXCLUSIVE_END:
        room = layout.EXCLUSIVE_END - layout.BASE
        message = (
            f"the stand-in holds {room} bytes of replay, this one of {len(frames)} frames and "
            f"{len(items)} item rows needs {address - layout.BASE}; play it with --emulator slippi"
        )
        raise ReplayRefused(Reason.TOO_LONG, message)
    header["magic"], header["version"] = layout.MAGIC, layout.VERSION
    header["flags"] = layout.FLAG_STAMP if stamp else 0
    header["game_end"] = state.exclusive_end_slp_frame - 1
    header["stage"], header["timer_seconds"] = state.stage, TIMER_SECONDS
    header["players"]["port"] = state.ports
    blobs[0] = header.tobytes() + bytes(_padded(header.nbytes) - header.nbytes)
    return Section(layout.BASE, b"".join(blobs))


def _padded(num_bytes: int) -> int:
    return -(-num_bytes // _ALIGNMENT) * _ALIGNMENT
