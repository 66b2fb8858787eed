"""Runs Slippi's playback Dolphin, the user's own program, with the user's own game or our stand-in.

    BootImage (a replay's bytes) -> comm file + settings + display -> images and lines -> Picture | LogLine

One process per replay under a display of its own. Nothing outside the throw-away folder and the dump's
tmpfs folder is written (the graphics driver's shader cache excepted), and all of it is gone when the play
ends.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator import slippi_install
from workers.emulator.child import Child
from workers.emulator.comm_file import CommFile
from workers.emulator.contract import LogLine, Picture
from workers.emulator.dump_folder import dump_folder
from workers.emulator.dump_watcher import MAX_WAITING_IMAGES, DumpedImage, DumpWatcher
from workers.emulator.image_numbering import READBACK_IMAGES, CapturedImage, ImageNumbering
from workers.emulator.png_picture import PngDecoder
from workers.emulator.slippi_preset import SlippiPreset
from workers.emulator.slippi_settings import settings_sha256, write_settings
from workers.emulator.slippi_watch import PlaybackWatch
from workers.emulator.xvfb import xvfb
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.emulator.contract import BootImage, Deadlines
    from workers.emulator.dump_watcher import DumpEvent
    from workers.emulator.slippi_install import SlippiInstall

RERECORDED: Final = "rerecorded.slp"
"""Name of the replay that the emulator recorded while it played, if it can; in the folder of the play."""
LOG_LAG: Final = -READBACK_IMAGES
"""The usual newest_capture_index - (n + 123) of the lines this emulator yields."""
_POLL_SECONDS: Final = 0.2
_EXIT_SECONDS: Final = 1.0
_REREPLAYS: Final = "rerecorded"


@dataclass(frozen=True, slots=True)
class SlippiDolphin:
    """Plays replays in Slippi's playback Dolphin.

    Attributes:
        game: the disc image of Melee NTSC 1.02, or the stand-in's DOL.
        preset: what the picture is to look like.
        program: where the playback Dolphin is; None: $SLIPPI_DOLPHIN or Slippi Launcher's.
        is_standin: whether `game` is our stand-in, which the program has to be told to accept.
        max_waiting_images: how far the emulator may run ahead of the consumer before it is suspended.
    """

    game: Path
    preset: SlippiPreset = field(default_factory=SlippiPreset)
    program: Path | None = None
    is_standin: bool = False
    max_waiting_images: int = MAX_WAITING_IMAGES
    name: str = "slippi"

    def check(self) -> None:
        """Check that this machine can start it. `farm doctor --emulator slippi` looks deeper.

        Raises:
            EnvironmentFailed: no program, no game, or no Xvfb.
        """
        self._install()
        self._require_game()

    def fingerprint(self) -> Mapping[str, str]:
        """Return what decides the pixels: program, settings and game."""
        install = self._install()
        about = self.game.stat()
        return {
            "emulator": f"Slippi playback Dolphin {slippi_install.program_version(install)}",
            "emulator_sha256": install.sha256(),
            "settings_sha256": settings_sha256(self.preset),
            "game_sha256": _game_sha256(self.game, about.st_size, about.st_mtime_ns),
        }

    @contextmanager
    def play(
        self, boot_image: BootImage, scratch: Path, deadlines: Deadlines
    ) -> Iterator[Iterator[Picture | LogLine]]:
        """Play as the emulator contract demands; `boot_image.data` holds the bytes of the replay.

        The lines are those that Slippi prints, `[GAME_END_FRAME]` first: it names the replay's last frame.
        After the play RERECORDED lies in `scratch` if the emulator can record while it plays (from 3.4 on).
        `newest_capture_index` counts images whose file had begun to be written when the line was printed.
        """
        last = FIRST_SLP_FRAME + boot_image.num_frames - 1
        with self._started(scratch, boot_image.data, last) as (watcher, child):
            watch = PlaybackWatch(boot_image.num_frames, deadlines, time.monotonic(), child.said)
            yield self._events(watcher, child, watch, boot_image)

    def waiting_pictures(self, scratch: Path, deadlines: Deadlines, count: int) -> None:
        """Boot the game without a replay and return once `count` pictures of its waiting screen have come.

        Proves program, game, display, driver, settings and dump on this machine, with no replay at all.

        Raises:
            EmulatorFailed, EnvironmentFailed: as the emulator contract says of `play`.
        """
        decoder = PngDecoder(self.preset.width, self.preset.height)
        with self._started(scratch, None, FIRST_SLP_FRAME) as (watcher, child):
            watch = PlaybackWatch(1, deadlines, time.monotonic(), child.said)
            for event in _arrivals(watcher, child, watch):
                if isinstance(event, DumpedImage):
                    with _blame_exit(child, watch):
                        decoder.decode(event.png)
                    if event.number >= count:
                        return

    def _install(self) -> SlippiInstall:
        install = slippi_install.find_install(self.program)
        return slippi_install.with_standin_title(install) if self.is_standin else install

    def _require_game(self) -> None:
        if not self.game.is_file():  # the program itself would crash without a word
            message = (
                f"no game image at {self.game}; give one with --game-image FILE, or --game-image standin"
            )
            raise EnvironmentFailed(message)

    @contextmanager
    def _started(
        self, scratch: Path, replay: bytes | None, last_slp_frame: int
    ) -> Iterator[tuple[DumpWatcher, Child]]:
        install = self._install()
        self._require_game()
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slippi-", dir=scratch)))
            dump = stack.enter_context(dump_folder(scratch))
            self._furnish(home, dump)
            stack.callback(
                _keep_rerecording, home, scratch
            )  # runs once the emulator has ended, which completes the file
            if replay is not None:
                (home / "game.slp").write_bytes(replay)
                comm = CommFile((home / "game.slp").resolve(), last_slp_frame, command_id="once")
                comm.write(home / "comm.json")
            display = stack.enter_context(xvfb(self.preset.width, self.preset.height, home))
            watcher = stack.enter_context(
                DumpWatcher(dump / "Frames", dump / "stdout", max_waiting=self.max_waiting_images)
            )
            child = stack.enter_context(
                Child(
                    self._command(install, home),
                    folder=home,
                    environment=_environment(display),
                    stdout=dump / "stdout",
                    stderr=home / "stderr",
                )
            )
            watcher.supervise(child)
            yield watcher, child

    def _furnish(self, home: Path, dump: Path) -> None:
        user = home / "user"
        write_settings(user, self.preset, home / _REREPLAYS)
        # Without these folders the emulator's writes would all fail silently.
        (dump / "Frames").mkdir()
        (user / "Dump").mkdir()
        (user / "Dump" / "Frames").symlink_to(dump / "Frames", target_is_directory=True)

    def _command(self, install: SlippiInstall, home: Path) -> list[str]:
        command = [str(install.program), "--batch", "--exec", str(self.game.resolve())]
        command += ["--user", str(home / "user"), "--slippi-input", str(home / "comm.json")]
        # --hide-seekbar is not cosmetic: it turns the periodic savestates off.
        return [*command, "--cout", "--hide-seekbar"]

    def _events(
        self, watcher: DumpWatcher, child: Child, watch: PlaybackWatch, boot_image: BootImage
    ) -> Iterator[Picture | LogLine]:
        numbering = ImageNumbering()
        decoder = PngDecoder(self.preset.width, self.preset.height)
        for event in _arrivals(watcher, child, watch):
            before = time.monotonic()
            for captured in numbering.feed(event, is_last=watch.is_over):
                if isinstance(captured, CapturedImage):
                    with _blame_exit(child, watch):
                        yuv = decoder.decode(captured.png)
                    yield Picture(captured.capture_index, yuv)
                    watch.num_shown += 1
                    if captured.capture_index + 1 == boot_image.num_pictures:
                        return
                else:
                    yield captured
            watch.skip(time.monotonic() - before)


@cache
def _game_sha256(game: Path, _size_bytes: int, _mtime_ns: int) -> str:
    """Return the sha256 of the game, hex: computed once per process, since a disc image has 1.4 GB."""
    with game.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arrivals(watcher: DumpWatcher, child: Child, watch: PlaybackWatch) -> Iterator[DumpEvent]:
    """Yield every image and line after the watch has seen it; ends only by an error."""
    while True:
        event = watcher.next_event(_POLL_SECONDS)
        now = time.monotonic()
        watch.idle(now)
        if event is None:
            status = child.exit_status()
            if status is not None and watcher.is_drained():
                watch.exited(status)
            continue
        if isinstance(event, DumpedImage):
            watch.image(now)
        else:
            watch.line(event.text)
        yield event


def _keep_rerecording(home: Path, scratch: Path) -> None:
    for recorded in sorted((home / _REREPLAYS).glob("*.slp")):
        recorded.replace(scratch / RERECORDED)


@contextmanager
def _blame_exit(child: Child, watch: PlaybackWatch) -> Iterator[None]:
    """Report the emulator's exit in place of a cut-off image if that exit is what cut the image off."""
    try:
        yield
    except EmulatorFailed:
        status = child.wait(_EXIT_SECONDS)
        if status is not None:
            watch.exited(status)
        raise


def _environment(display: str) -> dict[str, str]:
    """Return our environment with this display, and without services that GTK would wait for."""
    return {
        **os.environ,
        "DISPLAY": display,
        "GDK_BACKEND": "x11",  # a Wayland session's variables would win otherwise
        "NO_AT_BRIDGE": "1",  # no accessibility bus: GTK waits for it where there is none
        "GTK_A11Y": "none",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "LC_ALL": "C.UTF-8",
    }
