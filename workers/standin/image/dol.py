"""Read and write DOL, the format of GameCube programs: up to 7 text and 11 data sections."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 256
NUM_TEXT: Final = 7
NUM_DATA: Final = 11
_ALIGNMENT: Final = 32
_MEMORY: Final = range(0x80000000, 0x81800000)
_NUM_SECTIONS: Final = NUM_TEXT + NUM_DATA
_HEADER: Final = struct.Struct(f">{_NUM_SECTIONS}I{_NUM_SECTIONS}I{_NUM_SECTIONS}III I28x")


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a program: its bytes, and the address at which they are loaded.

    Raises:
        ValueError: the address is not a multiple of 32 in cached main memory, or there are no bytes.
    """

    address: int
    payload: bytes

    def __post_init__(self) -> None:
        if not self.payload:
            message = f"the section at 0x{self.address:08X} is empty"
            raise ValueError(message)
        last = self.address + len(self.payload) - 1
        if self.address % _ALIGNMENT or self.address not in _MEMORY or last not in _MEMORY:
            message = (
                f"a section lies at a multiple of {_ALIGNMENT} within 0x{_MEMORY.start:08X} to "
                f"0x{_MEMORY.stop:08X}, got {len(self.payload)} bytes at 0x{self.address:08X}"
            )
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Dol:
    """A parsed DOL: where it starts, and its sections."""

    entry: int
    text: tuple[Section, ...]
    data: tuple[Section, ...]


def write_dol(entry: int, text: tuple[Section, ...], data: tuple[Section, ...]) -> bytes:
    """Make a DOL: the header, then sections padded to 32 bytes; no bss, as the program clears its own.

    Raises:
        ValueError: there are more than 7 text or 11 data sections.
    """
    if len(text) > NUM_TEXT or len(data) > NUM_DATA:
        message = f"a DOL holds {NUM_TEXT} text and {NUM_DATA} data sections, got {len(text)} and {len(data)}"
        raise ValueError(message)
    offsets, addresses, sizes = ([0] * _NUM_SECTIONS for _ in range(3))
    body: list[bytes] = []
    offset = HEADER_BYTES
    placed = [*enumerate(text), *((NUM_TEXT + k, section) for k, section in enumerate(data))]
    for slot, section in placed:
        padded = section.payload + bytes(-len(section.payload) % _ALIGNMENT)
        offsets[slot], addresses[slot], sizes[slot] = offset, section.address, len(padded)
        body.append(padded)
        offset += len(padded)
    return _HEADER.pack(*offsets, *addresses, *sizes, 0, 0, entry) + b"".join(body)


def read_dol(image: bytes) -> Dol:
    """Parse a DOL.

    Raises:
        ValueError: the image is shorter than its header, or than its header says.
    """
    if len(image) < HEADER_BYTES:
        message = f"a DOL has a header of {HEADER_BYTES} bytes, got {len(image)} bytes in all"
        raise ValueError(message)
    words = _HEADER.unpack_from(image)
    triples = zip(
        words[:_NUM_SECTIONS],
        words[_NUM_SECTIONS : 2 * _NUM_SECTIONS],
        words[2 * _NUM_SECTIONS : 3 * _NUM_SECTIONS],
        strict=True,
    )
    sections: list[Section | None] = []
    for offset, address, size in triples:
        if offset + size > len(image):
            message = f"a section of {size} bytes at {offset} is cut: the DOL has {len(image)} bytes"
            raise ValueError(message)
        sections.append(Section(address, image[offset : offset + size]) if size else None)
    return Dol(
        entry=words[-1],
        text=tuple(section for section in sections[:NUM_TEXT] if section),
        data=tuple(section for section in sections[NUM_TEXT:] if section),
    )
