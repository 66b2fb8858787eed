"""Writes a .slp event by event, so that a test can decide exactly what it contains."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from workers.replay.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

FULL_SIZES = {
    Event.GAME_START: 0x2F9,
    Event.PRE: 0x43,
    Event.POST: 0x55,
    Event.GAME_END: 0x7,
    Event.FRAME_START: 0xD,
    Event.ITEM: 0x2D,
    Event.BOOKEND: 0x9,
    Event.FOD_PLATFORM: 0xA,
    Event.WHISPY: 0x6,
    Event.STADIUM: 0x9,
}
MAGIC = b"{U\x03raw[$U#l"


class Slp:
    """A .slp built of events; `data()` is the file. Smaller sizes than FULL_SIZES give an older version."""

    def __init__(self, **sizes: int) -> None:
        self.sizes = FULL_SIZES | {Event[name]: size for name, size in sizes.items()}
        self.sizes = {event: size for event, size in self.sizes.items() if size}
        self.events: list[bytes] = []
        self.metadata = b"U\x08metadata{U\x09lastFramel\0\0\0\x07U\x08playedOnSU\x07dolphin}"

    def add(self, event: Event, /, **fields: tuple[int, str, object]) -> Slp:
        """Add an event of fields (offset, struct layout, value); those beyond its size are left out."""
        body = bytearray(max(FULL_SIZES.values()))
        body[0] = event
        for offset, layout, value in fields.values():
            struct.pack_into(layout, body, offset, value)
        self.events.append(bytes(body[: self.sizes[event]]))
        return self

    def start(
        self, stage: int = 31, players: dict[int, int] | None = None, **texts: tuple[int, str, object]
    ) -> Slp:
        """Add the game's start; `players` maps ports to external character ids, other ports are empty."""
        players = {0: 2, 1: 9} if players is None else players
        fields: dict[str, tuple[int, str, object]] = {
            "version": (1, "4s", b"\x03\x12\0\0"),
            "stage": (0x5 + 0xE, ">H", stage),
            "timer": (0x5 + 0x10, ">I", 480),
            "scene": (0x1A4, "B", 8),
        }
        for port in range(4):
            base = 0x65 + 0x24 * port
            fields[f"character{port}"] = (base, "B", players.get(port, 26))
            fields[f"type{port}"] = (base + 1, "B", 0 if port in players else 3)
        return self.add(Event.GAME_START, **(fields | texts))

    def pre(self, slp_frame: int, port: int = 0, follower: int = 0, **fields: tuple[int, str, object]) -> Slp:
        return self.add(
            Event.PRE, frame=(1, ">i", slp_frame), who=(5, "2s", bytes([port, follower])), **fields
        )

    def post(
        self,
        slp_frame: int,
        port: int = 0,
        follower: int = 0,
        x: float = 0.0,
        **fields: tuple[int, str, object],
    ) -> Slp:
        who = (5, "2s", bytes([port, follower]))
        return self.add(Event.POST, frame=(1, ">i", slp_frame), who=who, x=(0xA, ">f", x), **fields)

    def open(self, slp_frame: int) -> Slp:
        return self.add(Event.FRAME_START, frame=(1, ">i", slp_frame), seed=(5, ">I", slp_frame & 0xFFFF))

    def close(self, slp_frame: int, finalized: int | None = None) -> Slp:
        final = slp_frame if finalized is None else finalized
        return self.add(Event.BOOKEND, frame=(1, ">i", slp_frame), final=(5, ">i", final))

    def item(self, slp_frame: int, spawn_id: int = 0, x: float = 0.0) -> Slp:
        return self.add(Event.ITEM, frame=(1, ">i", slp_frame), id=(0x22, ">I", spawn_id), x=(0x14, ">f", x))

    def frame(
        self, slp_frame: int, x: float = 0.0, finalized: int | None = None, ports: tuple[int, ...] = (0, 1)
    ) -> Slp:
        """Add one whole frame with all events that this version has."""
        if Event.FRAME_START in self.sizes:
            self.open(slp_frame)
        for port in ports:
            self.pre(slp_frame, port)
        for port in ports:
            self.post(slp_frame, port, x=x)
        if Event.BOOKEND in self.sizes:
            self.close(slp_frame, finalized)
        return self

    def frames(self, first: int, exclusive_end: int) -> Slp:
        for slp_frame in range(first, exclusive_end):
            self.frame(slp_frame, x=float(slp_frame))
        return self

    def end(self) -> Slp:
        return self.add(
            Event.GAME_END, method=(1, "B", 2), lras=(2, "b", -1), places=(3, "4s", b"\x00\x01\xff\xff")
        )

    def stream(self) -> bytes:
        entries = b"".join(struct.pack(">BH", event, size - 1) for event, size in self.sizes.items())
        return bytes([Event.PAYLOADS, 1 + len(entries)]) + entries + b"".join(self.events)

    def data(self, length: int | None = None) -> bytes:
        """The bytes of the file; `length` is what it claims as its stream's length, by default the truth."""
        stream = self.stream()
        claimed = len(stream) if length is None else length
        return MAGIC + claimed.to_bytes(4, "big") + stream + self.metadata + b"}"


@pytest.fixture
def slp() -> Callable[..., Slp]:
    return Slp
