"""Mainline Dolphin, headless, with the stand-in game: the emulator that any machine can have.

boot image, user directory -> dolphin-emu-nogui -> pipe of pictures  -> PictureStream -> Arrivals -> playback
                                                -> pipe of log lines -> OutputLines   ->
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.emulator import mainline_install as install
from workers.emulator.arrivals import Arrivals
from workers.emulator.child import Child
from workers.emulator.output_lines import OutputLines
from workers.emulator.picture_stream import PictureStream
from workers.emulator.playback import playback
from workers.emulator.user_directory import load_templates, make_user_directory
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.emulator.contract import BootImage, Deadlines, LogLine, Picture

LOG_LAG: Final = -3
"""The usual newest_capture_index - (n + 123) when the line of slp_frame n arrives: of those before it one
is in Dolphin's readback, one is being converted."""

_STOP_SECONDS: Final = 2.0
"""After SIGTERM, which it obeys in 0.2 s. There is nothing to save in a throw-away directory, so not long."""

_GAME_LINE: Final = re.compile(r"\bN\[OSREPORT\]: (.*)")


class MainlineDolphin:
    """Debian's `dolphin-emu-nogui`: one process a play, its pictures streamed through a pipe."""

    name = "standin"

    def check(self) -> None:
        """Return if Dolphin, lavapipe and setpriv are installed.

        Raises:
            EnvironmentFailed: naming what is missing and the command that installs it.
        """
        install.find_program()
        install.find_driver()
        install.require_setpriv()

    def fingerprint(self) -> Mapping[str, str]:
        """What decides the pixels: Dolphin's version, its settings, the driver and what that compiles for."""
        return {
            "emulator": install.program_version(install.find_program()),
            "settings_sha256": load_templates("standin").sha256,
            "driver_sha256": install.driver_sha256(install.find_driver()),
            "vector_units": install.vector_units(),
        }

    @contextmanager
    def play(
        self, boot_image: BootImage, scratch: Path, deadlines: Deadlines
    ) -> Iterator[Iterator[Picture | LogLine]]:
        """Boot the image; yield what it shows and says. See workers.emulator.contract."""
        program, driver = install.find_program(), install.find_driver()
        with ExitStack() as stack:
            pictures, output = PictureStream(), OutputLines()
            stack.callback(pictures.close, _STOP_SECONDS)
            stack.callback(output.close, _STOP_SECONDS)
            folder = _furnished_folder(stack, scratch, boot_image, pictures.url)
            command = [program, "-u", str(folder), "-p", "headless", "-v", "Vulkan"]
            child = Child(
                [*command, "-e", str(folder / "game.dol")],
                folder=folder,
                environment=_environment(folder, driver),
                stdout=output.descriptor,
                stderr=output.descriptor,
                pass_fds=[pictures.descriptor],
            )
            stack.callback(child.stop, _STOP_SECONDS)
            arrivals = Arrivals(child)
            stack.callback(arrivals.close)  # before all that: it leaves the child alone and the threads go on
            output.start(lambda line: _pass_on(line, arrivals), lambda: arrivals.end("its output ended"))
            pictures.start(arrivals)
            yield playback(arrivals, child, output.tail, boot_image, deadlines)


def _furnished_folder(stack: ExitStack, scratch: Path, boot_image: BootImage, url: str) -> Path:
    """A folder of this play's own, boot image and user directory in one, removed when the stack unwinds."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="dolphin-", dir=scratch.resolve()))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "game.dol").write_bytes(boot_image.data)
        return make_user_directory(folder, load_templates("standin"), {"dump_url": url})
    except OSError as error:
        message = f"scratch folder {scratch}: {error.strerror}; free some room or choose another"
        raise EnvironmentFailed(message) from error


def _environment(folder: Path, driver: Path) -> dict[str, str]:
    """All that Dolphin may know of us: no display, no home, one driver."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "VK_ICD_FILENAMES": str(driver),  # the loader's older name for VK_DRIVER_FILES; each version knows it
        "MESA_SHADER_CACHE_DIR": str(folder / "shaders"),
        # One rasteriser thread: parallelism comes from games. Measured in dolphin_configs/standin/README.md.
        "LP_NUM_THREADS": "1",
    }


def _pass_on(line: str, arrivals: Arrivals) -> bool:
    """What the game itself said, without Dolphin's prefix; Dolphin's own lines are only kept for errors."""
    said = _GAME_LINE.search(line)
    return arrivals.line(said[1].strip()) if said else True
