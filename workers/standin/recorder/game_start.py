"""Write the game start event (0x36) of version 3.18: rules, stage, players, names."""

from __future__ import annotations

import datetime as dt
import struct
from typing import TYPE_CHECKING

from workers.standin.recorder.options import MAX_SECONDS

if TYPE_CHECKING:
    from workers.standin.recorder.simulation import Setup

VERSION = bytes((3, 18, 0, 0))
SIZE = 761  # with the command byte
_INFO = 5  # where the game info block begins
_HUMAN, _EMPTY = 0, 3
_NO_CHARACTER = 0x1A
_ONLINE_SCENE, _VERSUS_SCENE = 8, 2
_FIRST_START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def start_at(setup: Setup) -> str:
    """Return the match's claimed time of beginning, ISO 8601, which is invented from the seed."""
    began = _FIRST_START + dt.timedelta(minutes=10 * (setup.options.seed % 50_000))
    return began.strftime("%Y-%m-%dT%H:%M:%SZ")


def connect_code(index: int) -> str:
    """Return the invented connect code of the match's player 0 or 1."""
    return f"REC#00{index + 1}"


def display_name(index: int) -> str:
    """Return the invented display name of the match's player 0 or 1."""
    return f"Recorder {index + 1}"


def game_start(setup: Setup) -> bytes:
    """Return the bytes of the whole event, command byte included."""
    event = bytearray(SIZE)
    event[0] = 0x36
    event[1:5] = VERSION
    _write_rules(event, setup)
    for slot in range(6):
        _write_player(event, setup, slot)
    struct.pack_into(">I", event, 0x13D, setup.rng_seed)
    for port in range(4):  # UCF's dashback and shield drop, which everybody uses
        struct.pack_into(">II", event, 0x141 + 8 * port, 1, 1)
    event[0x1A3] = 2
    event[0x1A4] = _ONLINE_SCENE if setup.options.is_online else _VERSUS_SCENE
    event[0x2BD] = 1  # English
    if setup.options.is_online:
        _write_names(event, setup)
    return bytes(event)


def _write_rules(event: bytearray, setup: Setup) -> None:
    rules = struct.pack(">IIIHH", 0x3201864C, 0xC3000000, 0x000000FF, 0xFF6E, setup.stage.stage_id)
    event[_INFO : _INFO + 16] = rules  # stock mode, clock down, items off, no teams
    struct.pack_into(">I", event, _INFO + 0x10, MAX_SECONDS)
    struct.pack_into(">Q", event, _INFO + 0x20, 2**64 - 1)
    struct.pack_into(">fff", event, _INFO + 0x2C, 1.0, 1.0, 1.0)


def _write_player(event: bytearray, setup: Setup, slot: int) -> None:
    at = _INFO + 0x60 + 0x24 * slot
    ports = setup.options.ports
    character, kind, costume = _NO_CHARACTER, _EMPTY, 0
    if slot in ports:
        index = ports.index(slot)
        character, kind = setup.characters[index].external_id, _HUMAN
        costume = setup.costumes[index]
    struct.pack_into(">BBBB", event, at, character, kind, setup.options.stocks, costume)
    handicap, rumble_and_entry = 9, 0xC0 if kind == _HUMAN else 0x40
    struct.pack_into(">BBBBBBBB", event, at + 8, handicap, 0, 0x78, 0, rumble_and_entry, 0, 4, 1)
    struct.pack_into(">fff", event, at + 0x18, 1.0, 1.0, 1.0)


def _write_names(event: bytearray, setup: Setup) -> None:
    for index, port in enumerate(setup.options.ports):
        name = display_name(index).encode("shift_jis")
        code = connect_code(index).replace("#", "\uff03").encode("shift_jis")
        uid = f"recorder-player-{index + 1}".encode()
        for offset, size, text in ((0x1A5, 0x1F, name), (0x221, 0xA, code), (0x249, 0x1D, uid)):
            at = offset + size * port
            event[at : at + len(text)] = text
    session = f"mode.recorder-{start_at(setup)}-{setup.options.seed % 1000}".encode()
    event[0x2BE : 0x2BE + len(session)] = session
    struct.pack_into(">II", event, 0x2F1, 1, 0)
