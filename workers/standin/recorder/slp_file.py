"""Write a match as a .slp file of version 3.18: events in a raw element, then metadata (Slippi's SPEC.md)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from manifests.state.schema import FIRST_SLP_FRAME
from workers.standin.recorder import pad as pads
from workers.standin.recorder import ubjson
from workers.standin.recorder.game_start import SIZE, connect_code, display_name, game_start, start_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.standin.recorder.match import FighterFrame, Frame
    from workers.standin.recorder.netplay import Instance
    from workers.standin.recorder.projectile import ItemState
    from workers.standin.recorder.simulation import Setup

PRE = struct.Struct(">BiBBIH8fIHffbfbbb")
POST = struct.Struct(">BiBBBH5fBBBBf5BfBHBBB6fIHH")
ITEM = struct.Struct(">BiHB5fHfI4BbH")
FRAME_START = struct.Struct(">BiII")
BOOKEND = struct.Struct(">Bii")
PLATFORM = struct.Struct(">BiBf")
WIND = struct.Struct(">BiB")
SCREEN = struct.Struct(">BiHH")
GAME_END = struct.Struct(">BBb4b")
SPLITTER = struct.Struct(">B512sHBB")

_GECKO_LIST = bytes.fromhex("e000000080008000")  # one code, which ends a list and does nothing
_SIZES = {
    0x36: SIZE, 0x37: PRE.size, 0x38: POST.size, 0x39: GAME_END.size, 0x3A: FRAME_START.size, 0x3B: ITEM.size,
    0x3C: BOOKEND.size, 0x3D: len(_GECKO_LIST) + 1, 0x10: SPLITTER.size, 0x3F: PLATFORM.size, 0x40: WIND.size,
    0x41: SCREEN.size,
}  # fmt: skip
_RAW_PREFIX = b"{U\x03raw[$U#l"
_TIME, _GAME, _NO_CONTEST = 1, 2, 7
_CALM, _NORMAL_SCREEN = 0, (0, 5)


def slp_bytes(setup: Setup, instances: Iterable[Instance], last_frame: Frame) -> bytes:
    """Return the bytes of the file; the match's true last frame, `last_frame`, decides how the game ended."""
    options = setup.options
    raw = _payload_sizes() + game_start(setup) + (_gecko_list() if options.has_gecko_list else b"")
    raw += _frames(instances)
    if options.has_game_end:
        raw += _game_end(setup, last_frame)
    length = 0 if options.cut_bytes else len(raw)  # the game fills it in when it closes the file
    metadata = (
        ubjson.key("metadata") + ubjson.encode(_metadata(setup, last_frame)) if options.has_metadata else b""
    )
    whole = _RAW_PREFIX + struct.pack(">I", length) + raw + metadata + b"}"
    return whole[: len(whole) - options.cut_bytes]


def _payload_sizes() -> bytes:
    rows = b"".join(struct.pack(">BH", command, size - 1) for command, size in _SIZES.items())
    return bytes((0x35, len(rows) + 1)) + rows


def _gecko_list() -> bytes:
    return SPLITTER.pack(0x10, _GECKO_LIST, len(_GECKO_LIST), 0x3D, 1)


def _frames(instances: Iterable[Instance]) -> bytes:
    """Return the events of all versions of all frames.

    Wind and screen are written when they differ from the last written values, even across a rollback, because
    the game does not roll back its memory of those.
    """
    out = bytearray()
    wind, screen = _CALM, _NORMAL_SCREEN
    for frame, finalized in instances:
        number = frame.slp_frame
        out += FRAME_START.pack(0x3A, number, frame.seed, number - FIRST_SLP_FRAME)
        for fighter in frame.fighters:
            out += _pre(frame, fighter)
        for which, height in frame.platform_moves:
            out += PLATFORM.pack(0x3F, number, which, height)
        if frame.wind != wind:
            wind = frame.wind
            out += WIND.pack(0x40, number, wind)
        if frame.transformation != screen:
            screen = frame.transformation
            out += SCREEN.pack(0x41, number, *screen)
        for fighter in frame.fighters:
            out += POST.pack(0x38, number, fighter.port, fighter.is_follower, *fighter.post)
        for item in frame.items:
            out += _item(number, item)
        out += BOOKEND.pack(0x3C, number, finalized)
    return bytes(out)


def _pre(frame: Frame, fighter: FighterFrame) -> bytes:
    action, x, y, facing, percent, pad = fighter.pre
    main_x, main_y, c_x, c_y, trigger, buttons = pads.process(pad)
    return PRE.pack(
        0x37, frame.slp_frame, fighter.port, fighter.is_follower, frame.seed, action, x, y, facing, main_x,
        main_y, c_x, c_y, trigger, buttons, pad.buttons, pads.trigger(pad.left), pads.trigger(pad.right),
        pad.main_x,
        percent, pad.main_y, pad.c_x, pad.c_y,
    )  # fmt: skip


def _item(number: int, item: ItemState) -> bytes:
    head, misc, tail = item[:10], item[10], item[11:]
    return ITEM.pack(0x3B, number, *head, *misc, *tail)


def _leaders(frame: Frame) -> list[FighterFrame]:
    return [fighter for fighter in frame.fighters if not fighter.is_follower]


def _game_end(setup: Setup, last: Frame) -> bytes:
    """Return the game end event: GAME! if a player is out of stocks, TIME! after 8 minutes, else a quit."""
    leaders = _leaders(last)
    quitter = -1
    if any(fighter.post.stocks == 0 for fighter in leaders):
        method = _GAME
    elif setup.options.num_frames is None:
        method = _TIME
    else:
        method, quitter = _NO_CONTEST, setup.options.ports[0]
    ranking = sorted(leaders, key=lambda fighter: (-fighter.post.stocks, fighter.post.percent, fighter.port))
    places = [-1] * 4
    for place, fighter in enumerate(ranking):
        places[fighter.port] = place
    return GAME_END.pack(0x39, method, quitter, *places)


def _metadata(setup: Setup, last: Frame) -> dict[str, ubjson.Value]:
    num_frames = last.slp_frame + 1 - FIRST_SLP_FRAME
    players: dict[str, ubjson.Value] = {}
    for index, port in enumerate(setup.options.ports):
        used: dict[str, ubjson.Value] = {str(setup.characters[index].internal_id): num_frames}
        names: dict[str, ubjson.Value] = {}
        if setup.options.is_online:
            names = {"netplay": display_name(index), "code": connect_code(index)}
        players[str(port)] = {"names": names, "characters": used}
    return {
        "startAt": start_at(setup),
        "lastFrame": last.slp_frame,
        "players": players,
        "playedOn": "dolphin",
    }
