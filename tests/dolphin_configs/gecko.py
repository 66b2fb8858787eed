"""Assembles Gecko insertion codes: makes frame_stamp.ini from the source frame_stamp.s.

python -m tests.dolphin_configs.gecko          assemble frame_stamp.s anew and rewrite frame_stamp.ini
"""

from __future__ import annotations

import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

SETTINGS: Final = Path(__file__).parents[2] / "dolphin_configs/slippi/GameSettings"
SOURCE: Final = SETTINGS / "frame_stamp.s"
CODE_FILE: Final = SETTINGS / "frame_stamp.ini"
ASSEMBLER: Final = "powerpc-linux-gnu-as"
OBJCOPY: Final = "powerpc-linux-gnu-objcopy"
INSERTIONS: Final = {".set_copy_clear": 0x8033D8A0, ".copy_disp": 0x8033DB4C}
"""Section of the source -> address in Melee NTSC 1.02 whose instruction the section replaces."""
NOP: Final = 0x60000000
HEAD: Final = """[Gecko]
$Farm: Frame Stamp [dolphin-farm]
*Paints the frame index into the bottom 16 rows. Never tried on Melee.
*Made from frame_stamp.s by `python -m tests.dolphin_configs.gecko`.
"""  # a code handler would read a line with a number sign as code


def assemble() -> dict[str, list[int]]:
    """Return the instructions of each section of the source, as words."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        object_file = Path(folder) / "stamp.o"
        subprocess.run(
            [ASSEMBLER, "-mregnames", "-mgekko", str(SOURCE), "-o", str(object_file)], check=True, timeout=60
        )
        for section in INSERTIONS:
            flat = Path(folder) / "flat"
            command = [OBJCOPY, "-O", "binary", "-j", section, str(object_file), str(flat)]
            subprocess.run(command, check=True, timeout=240)
            code = flat.read_bytes()
            found[section] = list(struct.unpack(f">{len(code) // 4}I", code))
    return found


def code_text(sections: dict[str, list[int]]) -> str:
    """Return the INI text: each insertion as a C2 code, whose last word is kept free for the branch back."""
    lines = []
    for section, words in sections.items():
        padded = [*words, 0] if len(words) % 2 else [*words, NOP, 0]
        lines.append(f"{0xC2000000 | INSERTIONS[section] & 0x1FFFFFF:08X} {len(padded) // 2:08X}")
        lines += [f"{one:08X} {two:08X}" for one, two in zip(padded[::2], padded[1::2], strict=True)]
    return HEAD + "\n".join(lines) + "\n"


def insertions(text: str) -> dict[int, list[int]]:
    """Read C2 codes as a code handler does: address -> words, of which the last is for the branch back."""
    words = [
        int(word, 16)
        for line in text.splitlines()
        if line and line[0] in "0123456789ABCDEF"
        for word in line.split()
    ]
    found = {}
    while words:
        head, num_lines, *rest = words
        if head >> 24 not in (0xC2, 0xC3):
            message = f"not an insertion: {head:08X}"
            raise ValueError(message)
        found[0x80000000 | head & 0x1FFFFFF] = rest[: 2 * num_lines]
        words = rest[2 * num_lines :]
    return found


def branch(from_address: int, to_address: int) -> int:
    """Return the instruction `b to_address` at from_address."""
    return 0x48000000 | (to_address - from_address) & 0x03FFFFFC


if __name__ == "__main__":
    CODE_FILE.write_text(code_text(assemble()))
    sys.stderr.write(f"{CODE_FILE.name} written\n")
