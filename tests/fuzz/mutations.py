"""Changes good input bytes a little, as damage or an attacker would, by pure functions."""

from __future__ import annotations

import random
from typing import Final, TypeAlias

Change: TypeAlias = tuple[str, int, int]
"""A change's kind, its place in millionths (0 to 999,999) of the input, and a number that it uses."""

PLACES: Final = 1_000_000
NUMBERS: Final = 1 << 32
_SPECIAL: Final = (
    *(0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF),
    *((1 << 63) - 1, (1 << 64) - 1),
)
_TOKENS: Final = (
    b"NaN", b"1e999", b"-1", b"9" * 400, b"null", b"[" * 2000, b"../../etc/passwd", b"\x00", b"\x1b[31m",
    b"%2e%2e/",
    "\u202e".encode(), b"\xff\xfe", b"__import__('os')",
)  # fmt: skip


def flip(data: bytearray, place: int, number: int) -> None:
    if data:
        data[place % len(data)] ^= 1 << number % 8


def write(data: bytearray, place: int, number: int) -> None:
    """Overwrite bytes with a number that is often a limit."""
    width = (1, 2, 4, 8)[number % 4]
    value = _SPECIAL[number // 4 % len(_SPECIAL)] % (1 << 8 * width)
    data[place : place + width] = value.to_bytes(width, "little" if number // 64 % 2 else "big")


def cut(data: bytearray, place: int, number: int) -> None:
    del data[place : place + 1 + number % 64]


def end(data: bytearray, place: int, _: int) -> None:
    del data[place:]


def repeat(data: bytearray, place: int, number: int) -> None:
    data[place:place] = data[place : place + 1 + number % 256]


def insert(data: bytearray, place: int, number: int) -> None:
    data[place:place] = random.Random(number).randbytes(1 + number % 32)


def token(data: bytearray, place: int, number: int) -> None:
    data[place : place + number // 64 % 8] = _TOKENS[number % len(_TOKENS)]


CHANGES: Final = {change.__name__: change for change in (flip, write, cut, end, repeat, insert, token)}


def changed(seed: bytes, changes: list[Change]) -> bytes:
    """Return the bytes after these changes, made one after another."""
    data = bytearray(seed)
    for name, share, number in changes:
        CHANGES[name](data, len(data) * share // PLACES, number)
    return bytes(data)


def numbered(seeds: tuple[bytes, ...], number: int) -> bytes:
    """Return the input with this number: one of the seeds with random changes, the same each time."""
    chance = random.Random(number)
    return changed(chance.choice(seeds), drawn(chance))


def drawn(chance: random.Random) -> list[Change]:
    """Draw random changes; usually only few."""
    names = list(CHANGES)
    count = 1 + min(int(chance.expovariate(0.6)), 11)
    return [(chance.choice(names), chance.randrange(PLACES), chance.randrange(NUMBERS)) for _ in range(count)]
