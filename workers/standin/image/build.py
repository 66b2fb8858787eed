"""Compile the stand-in game from C into one DOL, which is committed so that users need no compiler.

    python -m workers.standin.image.build            compile and replace the committed images and their record

A second image of the same sources draws a scene about as heavy as Melee's, only for benchmarks. The bytes
depend on the compiler's version, so the record names the version that was used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from workers.errors import EnvironmentFailed
from workers.standin.image.dol import Section, write_dol

COMPILER: Final = "powerpc-linux-gnu-gcc"
OBJCOPY: Final = "powerpc-linux-gnu-objcopy"
LOAD_ADDRESS: Final = 0x80003100
FLAGS: Final = (
    *("-std=c11", "-O2", "-m32", "-mcpu=750", "-mbig-endian", "-msoft-float", "-mno-sdata"),
    *("-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-pie", "-fno-stack-protector", "-fno-common"),
    *("-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns", "-ffixed-r13"),
    *("-Wall", "-Wextra", "-Werror", "-nostdlib", "-static"),
    "-Wl,-T,link.ld,--build-id=none,-z,max-page-size=32,--no-warn-rwx-segments",
)

GAME: Final = Path(__file__).parents[1] / "game"
IMAGE: Final = Path(__file__).parent / "standin.dol"
HEAVY_IMAGE: Final = Path(__file__).parent / "standin_heavy.dol"
"""The benchmark's image: the same game with about as much to draw as Melee; never used for a dataset."""
IMAGES: Final = {"image_sha256": (IMAGE, ()), "heavy_image_sha256": (HEAVY_IMAGE, ("-DHEAVY_SCENE",))}
"""Each image with its own compiler flags, by the name of its hash in the record."""
RECORD: Final = Path(__file__).parent / "standin.json"
_TIMEOUT_SECONDS: Final = 120


def sources_sha256() -> str:
    """Return the sha256, hex, over names and bytes of everything that goes into the image."""
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for path in sorted(GAME.iterdir()):
        if path.suffix in {".c", ".h", ".S", ".ld"}:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def compiler_version() -> str | None:
    """Return the first line of the cross compiler's --version, or None if it is not installed."""
    if shutil.which(COMPILER) is None or shutil.which(OBJCOPY) is None:
        return None
    done = subprocess.run(
        [COMPILER, "--version"], capture_output=True, check=True, text=True, timeout=_TIMEOUT_SECONDS
    )
    return done.stdout.splitlines()[0]


def compile_image(*defines: str) -> bytes:
    """Compile the game and return the DOL.

    Args:
        defines: flags in addition to those of every image.

    Raises:
        EnvironmentFailed: there is no cross compiler, or it refused the sources.
    """
    if compiler_version() is None:
        message = f"{COMPILER} is not installed; on Debian and Ubuntu: apt-get install gcc-powerpc-linux-gnu"
        raise EnvironmentFailed(message)
    sources = sorted(path.name for path in GAME.iterdir() if path.suffix in {".c", ".S"})
    with tempfile.TemporaryDirectory() as scratch:
        elf, flat = f"{scratch}/game.elf", f"{scratch}/game.bin"
        _run([COMPILER, *FLAGS, *defines, *sources, "-o", elf])
        _run([OBJCOPY, "-O", "binary", elf, flat])
        code = Path(flat).read_bytes()
    return write_dol(entry=LOAD_ADDRESS, text=(Section(LOAD_ADDRESS, code),), data=())


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, cwd=GAME, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
    )
    if done.returncode != 0:
        message = f"{command[0]} failed: {done.stderr.strip()}"
        raise EnvironmentFailed(message)


def main() -> None:
    """Replace the committed images, and the record of their sources and compiler."""
    record = {"compiler": compiler_version(), "sources_sha256": sources_sha256()}
    for name, (path, defines) in IMAGES.items():
        image = compile_image(*defines)
        path.write_bytes(image)
        record[name] = hashlib.sha256(image).hexdigest()
        sys.stderr.write(f"{path.name}: {len(image)} bytes\n")
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
