"""Find the things that mainline Dolphin needs: the program, a Vulkan driver for the CPU, setpriv."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from workers.errors import EnvironmentFailed

PROGRAM: Final = "dolphin-emu-nogui"
OVERRIDE: Final = "FARM_DOLPHIN"
"""Environment variable that names the emulator to run, for people who built their own."""

REMEDY: Final = "run: sudo apt-get install dolphin-emu mesa-vulkan-drivers"
_FOLDERS: Final = "/usr/games:/usr/local/games"  # Debian's place for it, which root's PATH lacks
_ICD_FOLDERS: Final = (
    Path("/usr/share/vulkan/icd.d"),
    Path("/usr/local/share/vulkan/icd.d"),
    Path("/etc/vulkan/icd.d"),
)
_DRIVER: Final = "lvp_icd*.json"  # Mesa's lavapipe: the same pixels whatever graphics card a machine has
_VERSION_SECONDS: Final = 30.0


def find_program() -> str:
    """Return the absolute path of the emulator: $FARM_DOLPHIN, else on PATH, else where Debian puts games.

    Raises:
        EnvironmentFailed: it is not installed.
    """
    named = os.environ.get(OVERRIDE)
    if named is not None:
        if shutil.which(named) is None:
            message = f"{OVERRIDE} names {named}, which is no program; unset it, or name a {PROGRAM}"
            raise EnvironmentFailed(message)
        return named
    found = shutil.which(PROGRAM, path=os.pathsep.join([os.environ.get("PATH", os.defpath), _FOLDERS]))
    if found is None:
        message = f"{PROGRAM} is neither on PATH nor in {_FOLDERS}; {REMEDY}"
        raise EnvironmentFailed(message)
    return found


def find_driver() -> Path:
    """Return the file that describes Mesa's software Vulkan driver.

    Raises:
        EnvironmentFailed: it is not installed.
    """
    for folder in _ICD_FOLDERS:
        for found in sorted(folder.glob(_DRIVER)):
            return found
    folders = ", ".join(str(folder) for folder in _ICD_FOLDERS)
    message = f"no software Vulkan driver: no {_DRIVER} in {folders}; {REMEDY}"
    raise EnvironmentFailed(message)


def require_setpriv() -> None:
    """Check that setpriv is installed.

    Raises:
        EnvironmentFailed: setpriv is not installed; without it the emulator could outlive us.
    """
    if shutil.which("setpriv") is None:
        message = "setpriv is not on PATH, so Dolphin could outlive us; run: sudo apt-get install util-linux"
        raise EnvironmentFailed(message)


@functools.cache
def program_version(program: str) -> str:
    """Return the version that the program prints, e.g. "Dolphin 5.0-17995-g8bad821019".

    Raises:
        EnvironmentFailed: it cannot be run.
    """
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{program} --version failed: {error}; {REMEDY}"
        raise EnvironmentFailed(message) from error
    return (run.stdout or run.stderr).strip() or "unknown"


@functools.cache
def driver_sha256(driver: Path) -> str:
    """Return the sha256 of the driver's library, hex, or of its description file if the path is not in it."""
    named = re.search(r'"library_path"\s*:\s*"([^"]+)"', driver.read_text())
    library = Path(named[1]) if named else driver
    target = library if library.is_absolute() and library.is_file() else driver
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def vector_units() -> str:
    """Return this processor's vector units as far as they change pixels, e.g. "x86_64+avx".

    The driver compiles for the present processor, and rounds differently without AVX. AVX2 and FMA change no
    pixel (measured), so they are not named.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        flags = []
    return platform.machine() + ("+avx" if "avx" in flags else "")
