"""Mainline Dolphin, headless, with the stand-in game: the emulator that any machine can have."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.emulator.arrivals import Arrivals
from workers.emulator.child import Child
from workers.emulator.output_lines import OutputLines
from workers.emulator.picture_stream import PictureStream
from workers.emulator.playback import playback
from workers.emulator.user_directory import load_templates, make_user_directory
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.emulator.contract import Cartridge, Deadlines, LogLine, Picture

PROGRAM: Final = "dolphin-emu-nogui"
REMEDY: Final = "run: sudo apt-get install dolphin-emu mesa-vulkan-drivers"
_FOLDERS: Final = "/usr/games:/usr/local/games"  # Debian's place for it, which root's PATH lacks
_ICD_FOLDERS: Final = (
    Path("/usr/share/vulkan/icd.d"),
    Path("/usr/local/share/vulkan/icd.d"),
    Path("/etc/vulkan/icd.d"),
)
_DRIVER: Final = "lvp_icd*.json"  # Mesa's lavapipe: draws on the CPU, so the same pixels on every machine
_STOP_SECONDS: Final = 2.0
"""After SIGTERM. There is nothing to save in a throw-away directory, so not long."""
_VERSION_SECONDS: Final = 30.0
_GAME_LINE: Final = re.compile(r"\bN\[OSREPORT\]: (.*)")


class MainlineDolphin:
    """Debian's `dolphin-emu-nogui`: one process a play, its pictures streamed through a pipe."""

    name = "standin"

    def check(self) -> None:
        """Return if Dolphin, lavapipe and setpriv are installed.

        Raises:
            EnvironmentFailed: naming what is missing and the command that installs it.
        """
        find_program()
        find_driver()
        if shutil.which("setpriv") is None:
            message = (
                "setpriv is not installed, so Dolphin could outlive us; run: sudo apt-get install util-linux"
            )
            raise EnvironmentFailed(message)

    def fingerprint(self) -> Mapping[str, str]:
        """What decides the pixels: Dolphin's version, and the sha256 of its settings and of the driver."""
        return {
            "emulator": _version(find_program()),
            "settings_sha256": load_templates("standin").sha256,
            "driver_sha256": _driver_sha256(find_driver()),
        }

    @contextmanager
    def play(
        self, cartridge: Cartridge, scratch: Path, deadlines: Deadlines
    ) -> Iterator[Iterator[Picture | LogLine]]:
        """Boot the image; yield what it shows and says. See workers.emulator.contract."""
        program, driver = find_program(), find_driver()
        arrivals = Arrivals()
        with ExitStack() as stack:
            folder = _furnished_folder(stack, scratch, cartridge)
            stream = PictureStream(arrivals)
            stack.callback(stream.close, _STOP_SECONDS)
            output = OutputLines(
                lambda line: _pass_on(line, arrivals), lambda: arrivals.end("Dolphin's output ended")
            )
            stack.callback(output.close, _STOP_SECONDS)
            make_user_directory(folder, load_templates("standin"), {"dump_url": stream.url})
            child = Child(
                [
                    program,
                    "-u",
                    str(folder),
                    "-p",
                    "headless",
                    "-v",
                    "Vulkan",
                    "-e",
                    str(folder / "game.dol"),
                ],
                folder=folder,
                environment=_environment(folder, driver),
                stdout=output.descriptor,
                stderr=output.descriptor,
                pass_fds=[stream.descriptor],
            )
            stack.callback(child.stop, _STOP_SECONDS)
            stack.callback(arrivals.close)  # first of all: lets go of the threads
            output.start()
            stream.start()
            yield playback(arrivals, child, output.tail, cartridge, deadlines)


def find_program() -> str:
    """Absolute path of the emulator: on PATH, or where Debian puts games.

    Raises:
        EnvironmentFailed: it is not installed.
    """
    found = shutil.which(PROGRAM, path=os.pathsep.join([os.environ.get("PATH", os.defpath), _FOLDERS]))
    if found is None:
        message = f"{PROGRAM} is neither on PATH nor in {_FOLDERS}; {REMEDY}"
        raise EnvironmentFailed(message)
    return found


def find_driver() -> Path:
    """The file that describes Mesa's software Vulkan driver.

    Raises:
        EnvironmentFailed: it is not installed.
    """
    for folder in _ICD_FOLDERS:
        for found in sorted(folder.glob(_DRIVER)):
            return found
    folders = ", ".join(str(folder) for folder in _ICD_FOLDERS)
    message = f"no Vulkan driver: {_DRIVER} is in none of {folders}; {REMEDY}"
    raise EnvironmentFailed(message)


def _furnished_folder(stack: ExitStack, scratch: Path, cartridge: Cartridge) -> Path:
    """A folder of this play's own with the boot image in it, removed when the stack unwinds."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="dolphin-", dir=scratch))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "game.dol").write_bytes(cartridge.boot_image)
    except OSError as error:
        message = f"scratch folder {scratch}: {error.strerror}; free some room or choose another"
        raise EnvironmentFailed(message) from error
    return folder


def _environment(folder: Path, driver: Path) -> dict[str, str]:
    """All that Dolphin may know of us: no display, no home, one driver."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "VK_ICD_FILENAMES": str(driver),  # the loader's older name for VK_DRIVER_FILES, known to both kinds
        "MESA_SHADER_CACHE_DIR": str(folder / "shaders"),
        # One rasteriser thread: parallelism comes from games; measured in dolphin_configs/standin/README.md
        "LP_NUM_THREADS": "1",
    }


def _pass_on(line: str, arrivals: Arrivals) -> bool:
    """What the game itself said, without Dolphin's prefix; Dolphin's own lines are only kept for errors."""
    said = _GAME_LINE.search(line)
    return arrivals.line(said[1].strip()) if said else True


@functools.cache
def _version(program: str) -> str:
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{program} --version failed: {error}; {REMEDY}"
        raise EnvironmentFailed(message) from error
    return (run.stdout or run.stderr).strip() or "unknown"


@functools.cache
def _driver_sha256(driver: Path) -> str:
    """Of the library that the description names, or of the description if only the linker finds that."""
    named = re.search(r'"library_path"\s*:\s*"([^"]+)"', driver.read_text())
    library = Path(named[1]) if named else driver
    target = library if library.is_absolute() and library.is_file() else driver
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
