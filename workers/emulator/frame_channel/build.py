"""Compile the preloaded library from C; the result is committed so that users need no compiler.

    python -m workers.emulator.frame_channel.build      compile and replace the committed library

The bytes depend on the versions of compiler and linker, so the record names the versions that were used.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from workers.errors import EnvironmentFailed

COMPILER: Final = "gcc"
LINKER: Final = "ld"
MACHINE: Final = "x86_64"
"""The only kind of machine for which the library is prebuilt; there is no playback Dolphin for others."""
FLAGS: Final = (
    *("-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread", "-fno-ident", "-fno-builtin"),
    *("-fno-stack-protector", "-U_FORTIFY_SOURCE", "-fno-asynchronous-unwind-tables", "-fcf-protection=none"),
    *("-Wall", "-Wextra", "-Werror", "-nostartfiles", "-s"),
    "-Wl,--build-id=none,--hash-style=gnu,-z,noexecstack,-z,relro,-z,now,--no-undefined",
)

SOURCES: Final = Path(__file__).parent
"""The folder that holds the C files, all of which are compiled together."""
LIBRARY: Final = Path(__file__).parent / "frame_channel.so"
RECORD: Final = Path(__file__).parent / "frame_channel.json"
_TIMEOUT_SECONDS: Final = 120


def sources_sha256() -> str:
    """Return the sha256, hex, over the flags and all sources."""
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for file in sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")]):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def compiler_version() -> str | None:
    """Return the versions of compiler and linker; None without them, or on another kind of machine."""
    if platform.machine() != MACHINE or shutil.which(COMPILER) is None or shutil.which(LINKER) is None:
        return None
    said = [
        subprocess.run(
            [tool, "--version"], capture_output=True, check=True, text=True, timeout=_TIMEOUT_SECONDS
        ).stdout.splitlines()[0]
        for tool in (COMPILER, LINKER)
    ]
    return ", ".join(said)


def compile_library() -> bytes:
    """Compile the library and return its bytes.

    Raises:
        EnvironmentFailed: there is no compiler for x86-64, or it refused the source.
    """
    if compiler_version() is None:
        message = f"{COMPILER} for {MACHINE} is not installed; on Debian and Ubuntu: apt-get install gcc"
        raise EnvironmentFailed(message)
    with tempfile.TemporaryDirectory() as scratch:
        library = Path(scratch) / LIBRARY.name
        done = subprocess.run(
            [COMPILER, *FLAGS, *sorted(file.name for file in SOURCES.glob("*.c")), "-o", str(library)],
            cwd=SOURCES,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            message = f"{COMPILER} failed: {done.stderr.strip()}"
            raise EnvironmentFailed(message)
        return library.read_bytes()


def main() -> None:
    """Replace the committed library, and the record of its sources and tools."""
    library = compile_library()
    LIBRARY.write_bytes(library)
    record = {
        "compiler": compiler_version(),
        "library_sha256": hashlib.sha256(library).hexdigest(),
        "sources_sha256": sources_sha256(),
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    sys.stderr.write(f"{LIBRARY.name}: {len(library)} bytes\n")


if __name__ == "__main__":
    main()
