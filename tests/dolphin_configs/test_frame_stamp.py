"""The committed code of Melee's frame stamp is what its source assembles to, and paints readable stamps.

Melee itself is not here. Instead a game of ours calls functions at Melee's addresses as Melee does, with the
code inserted there as Slippi's code handler would do it, and runs in mainline Dolphin. That proves the code's
own logic and nothing about Melee.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.video.stamp import read_stamps
from tests.dolphin_configs.gecko import (
    ASSEMBLER,
    CODE_FILE,
    INSERTIONS,
    OBJCOPY,
    assemble,
    branch,
    code_text,
    insertions,
)
from workers.emulator.contract import BootImage, Deadlines, Picture
from workers.emulator.mainline import MainlineDolphin
from workers.emulator.slippi_preset import SlippiPreset
from workers.emulator.slippi_settings import settings_files
from workers.standin.image.build import COMPILER, FLAGS, GAME
from workers.standin.image.dol import Section, write_dol

if TYPE_CHECKING:
    pass

needs_compiler = pytest.mark.skipif(
    shutil.which(COMPILER) is None or shutil.which(ASSEMBLER) is None,
    reason="no cross compiler here: docker/system-packages test",
)
NUM_FRAMES = 90
CODE_ADDRESS = 0x80340000
HERE = Path(__file__).parent
PATIENT = Deadlines(startup_seconds=120.0, progress_seconds=60.0, total_seconds=280.0)


@needs_compiler
def test_the_committed_code_is_what_the_source_says():
    assert CODE_FILE.read_text() == code_text(assemble())


def test_every_insertion_ends_with_the_instruction_it_replaced_and_room_for_the_branch():
    found = insertions(CODE_FILE.read_text())
    assert set(found) == set(INSERTIONS.values())
    for address, replaced in ((0x8033D8A0, 0x5480023E), (0x8033DB4C, 0x5480063F)):
        words = [word for word in found[address] if word != 0x60000000]
        assert words[-1] == 0
        assert words[-2] == replaced


def test_the_code_is_in_the_settings_only_if_asked_for():
    plain = settings_files(SlippiPreset())["GameSettings/GALE01.ini"]
    stamped = settings_files(SlippiPreset(stamp=True))["GameSettings/GALE01.ini"]
    assert "Farm: Frame Stamp" not in plain
    assert "$Farm: Frame Stamp\n" in stamped.split("[Gecko_Disabled]")[0]
    assert stamped.endswith(CODE_FILE.read_text())


def compiled(folder: Path) -> dict[str, bytes]:
    """Compile the game; return the bytes of each of its sections."""
    sources = [str(HERE / "stamp_game/main.c"), str(HERE / "stamp_game/functions.S")]
    sources += [str(GAME / name) for name in ("start.S", "gx.c", "vi.c", "uart.c")]
    flags = ["-T" + str(HERE / "stamp_game/link.ld") if flag == "link.ld" else flag for flag in FLAGS]
    flags = [flag.replace("-T,link.ld", f"-T,{HERE / 'stamp_game/link.ld'}") for flag in flags]
    elf = folder / "game.elf"
    subprocess.run([COMPILER, *flags, f"-I{GAME}", *sources, "-o", str(elf)], check=True, timeout=120)
    found = {}
    for section in (".text", *INSERTIONS):
        flat = folder / "flat"
        subprocess.run([OBJCOPY, "-O", "binary", "-j", section, str(elf), str(flat)], check=True, timeout=240)
        found[section] = flat.read_bytes()
    return found


def inserted(sections: dict[str, bytes]) -> bytes:
    """Insert the committed codes as a code handler does, and return the game as a DOL."""
    code = b""
    for section, address in INSERTIONS.items():
        words = insertions(CODE_FILE.read_text())[address]
        at = CODE_ADDRESS + len(code)
        assert sections[section][:4] == struct.pack(">I", 0x5480023E if address == 0x8033D8A0 else 0x5480063F)
        words[-1] = branch(at + 4 * (len(words) - 1), address + 4)
        code += struct.pack(f">{len(words)}I", *words)
        sections[section] = struct.pack(">I", branch(address, at)) + sections[section][4:]
    (first, gap_from), (second, gap_to) = INSERTIONS.items()
    melee = sections[first].ljust(gap_to - gap_from, b"\0") + sections[second]
    text = (Section(0x80003100, sections[".text"]), Section(gap_from, melee), Section(CODE_ADDRESS, code))
    return write_dol(entry=0x80003100, text=text, data=())


@pytest.mark.dolphin
@needs_compiler
def test_the_code_stamps_every_picture_and_leaves_the_games_own_colours(tmp_path: Path):
    dol = inserted(compiled(tmp_path))
    with MainlineDolphin().play(BootImage(dol, NUM_FRAMES), tmp_path, PATIENT) as events:
        pictures = [event for event in events if isinstance(event, Picture)][:NUM_FRAMES]
    slp_frame, valid = read_stamps(np.stack([picture.luma for picture in pictures]))
    assert valid.all()
    assert slp_frame.tolist() == list(range(-123, -123 + NUM_FRAMES))
    for picture in pictures[1:]:
        # Below what the game draws, the last copy cleared the picture to the game's own colour: 20 40 60.
        assert (picture.luma[300:430] == picture.luma[300, 0]).all()
        assert int(picture.luma[300, 0]) == pytest.approx(
            16 + 219 * (0.299 * 32 + 0.587 * 64 + 0.114 * 96) / 255, abs=1.5
        )
