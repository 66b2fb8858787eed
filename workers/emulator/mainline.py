"""Run mainline Dolphin, headless, with the stand-in game: the emulator that any machine can install.

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
    from collections.abc import Iterator, Mapping, Sequence

    from workers.emulator.contract import BootImage, Deadlines, LogLine, Picture
    from workers.emulator.user_directory import Templates

LOG_LAG: Final = -3
"""The usual newest_capture_index - (n + 123) when the line of slp_frame n arrives: picture n is only
now handed over, n - 1 is in Dolphin's readback, and n - 2 is being converted."""

KNOWN_LOG_LAGS: Final[Mapping[str, int]] = {"Dolphin 5.0-17995-g8bad821019": LOG_LAG}
"""By version, the lag in every game of the demo and of the contract tests; Debian 12 has this version.

The lag follows from the order in which the program hands pictures on, and did not change under load. A
version that is not listed has no known lag until `farm calibrate` measures it.
"""

_STOP_SECONDS: Final = 2.0
"""Seconds between SIGTERM, which Dolphin obeys in 0.2 s, and SIGKILL; it has nothing to save."""

_GAME_LINE: Final = re.compile(r"\bN\[OSREPORT\]: (.*)")


class MainlineDolphin:
    """Plays games in Debian's `dolphin-emu-nogui`: one process per play, pictures streamed through a pipe."""

    name = "standin"

    def check(self) -> None:
        """Check that Dolphin, lavapipe and setpriv are installed.

        Raises:
            EnvironmentFailed: something is missing; the text names it and the command that installs it.
        """
        install.find_program()
        install.find_driver()
        install.require_setpriv()

    def fingerprint(self) -> Mapping[str, str]:
        """Return everything that decides the pixels: Dolphin's version, settings, driver, processor."""
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
        """Boot the image; yield its pictures and lines, as `workers.emulator.contract` requires."""
        with ExitStack() as stack:
            pictures = PictureStream()
            stack.callback(pictures.close, _STOP_SECONDS)
            child, output = stack.enter_context(
                self.started(boot_image, scratch, pictures.url, pass_fds=[pictures.descriptor])
            )
            arrivals = Arrivals(child)
            stack.callback(arrivals.close)  # runs first: then no thread waits, and the child is not suspended
            output.start(lambda line: _pass_on(line, arrivals), lambda: arrivals.end("its output ended"))
            pictures.start(arrivals)
            yield playback(arrivals, child, output.tail, boot_image, deadlines)

    @contextmanager
    def started(
        self,
        boot_image: BootImage,
        scratch: Path,
        dump_url: str | None,
        *,
        pass_fds: Sequence[int] = (),
    ) -> Iterator[tuple[Child, OutputLines]]:
        """Start Dolphin in a scratch folder, without reading its output yet; end it when the block ends.

        Args:
            boot_image: the image to boot.
            scratch: the folder in which the scratch folder is made.
            dump_url: libavformat's URL for the pictures; None to write no pictures.
            pass_fds: descriptors that Dolphin inherits.

        Raises:
            EnvironmentFailed: Dolphin cannot be started.
        """
        program, driver = install.find_program(), install.find_driver()
        templates = load_templates("standin")
        if dump_url is None:
            templates = templates.with_value("Dolphin.ini", "Movie", "DumpFrames", "False")
        with ExitStack() as stack:
            output = OutputLines()
            stack.callback(output.close, _STOP_SECONDS)
            folder = _furnished_folder(stack, scratch, boot_image, templates, dump_url or "")
            command = [program, "-u", str(folder), "-p", "headless", "-v", "Vulkan"]
            child = Child(
                [*command, "-e", str(folder / "game.dol")],
                folder=folder,
                environment=_environment(folder, driver),
                stdout=output.descriptor,
                stderr=output.descriptor,
                pass_fds=pass_fds,
            )
            stack.callback(child.stop, _STOP_SECONDS)
            yield child, output


def _furnished_folder(
    stack: ExitStack, scratch: Path, boot_image: BootImage, templates: Templates, url: str
) -> Path:
    """Make this play's folder, with boot image and user directory in it; removed when the stack unwinds."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="dolphin-", dir=scratch.resolve()))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "game.dol").write_bytes(boot_image.data)
        return make_user_directory(folder, templates, {"dump_url": url})
    except OSError as error:
        message = f"scratch folder {scratch}: {error.strerror}; free some room or choose another"
        raise EnvironmentFailed(message) from error


def _environment(folder: Path, driver: Path) -> dict[str, str]:
    """Return the whole environment of Dolphin: no display, no home, one graphics driver."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "VK_ICD_FILENAMES": str(driver),  # the loader's older name for VK_DRIVER_FILES; each version knows it
        "MESA_SHADER_CACHE_DIR": str(folder / "shaders"),
        # One rasteriser thread only, because several games run side by side.
        "LP_NUM_THREADS": "1",
    }


def game_line(line: str) -> str | None:
    """Return the text that the game printed, without Dolphin's prefix; None for a line of Dolphin's own."""
    said = _GAME_LINE.search(line)
    return said[1].strip() if said else None


def _pass_on(line: str, arrivals: Arrivals) -> bool:
    """Pass on a line of the game; Dolphin's own lines are only kept for error messages."""
    said = game_line(line)
    return arrivals.line(said) if said is not None else True
