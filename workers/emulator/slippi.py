"""Run Slippi's playback Dolphin, the user's own program, with the user's own game or our stand-in.

    BootImage (a replay's bytes) -> comm file + settings + display -> pictures and lines -> Picture | LogLine

There is one process per replay, with a display of its own. Only the scratch folder and the dump's tmpfs
folder are written (and the graphics driver's shader cache), and both are removed when the play ends. Pictures
come out in one of two ways: `slippi_frames.py`, `channel_frames.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator import slippi_install
from workers.emulator.channel_frames import ChannelFrames, require_channel
from workers.emulator.child import Child
from workers.emulator.comm_file import CommFile
from workers.emulator.contract import Deadlines, LogLine, Picture
from workers.emulator.drawing import RENDERER_NAME
from workers.emulator.drawing_here import drawing_here, emulator_variables, joined, require_still_drawing
from workers.emulator.dump_watcher import MAX_WAITING_IMAGES, PrintedLine
from workers.emulator.frame_channel.records import VERSION, Line
from workers.emulator.image_numbering import READBACK_IMAGES
from workers.emulator.slippi_frames import PngFrames
from workers.emulator.slippi_preset import FRAMES_NAME, SlippiPreset
from workers.emulator.slippi_settings import settings_sha256, write_settings
from workers.emulator.slippi_watch import PlaybackWatch
from workers.emulator.xvfb import xvfb
from workers.errors import EmulatorFailed, EnvironmentFailed
from workers.files.digest import file_sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workers.emulator.contract import BootImage
    from workers.emulator.drawing import RendererChoice
    from workers.emulator.slippi_frames import SlippiEvent, SlippiFrames
    from workers.emulator.slippi_install import SlippiInstall
    from workers.emulator.slippi_preset import FramesChoice

RERECORDED: Final = "rerecorded.slp"
"""Name of the replay that the emulator records while it plays, if it can; it lies in the play's folder."""
LOG_LAG: Final = -READBACK_IMAGES
"""The usual newest_capture_index - (n + 123) of the lines this emulator yields."""
_POLL_SECONDS: Final = 0.2
_EXIT_SECONDS: Final = 1.0
_REREPLAYS: Final = "rerecorded"
_PROBE_PICTURES: Final = 3
_PROBE_DEADLINES: Final = Deadlines(startup_seconds=60, progress_seconds=60, total_seconds=60)


@dataclass(frozen=True, slots=True)
class FrameWay:
    """The way by which pictures come out, and the reason for it as the end of a sentence for people."""

    name: Literal["channel", "png"]
    why: str


@dataclass(frozen=True, slots=True)
class SlippiDolphin:
    """Plays replays in Slippi's playback Dolphin.

    Attributes:
        game: the disc image of Melee NTSC 1.02, or the stand-in's DOL.
        preset: the choices about the picture.
        program: path of the playback Dolphin; None for $SLIPPI_DOLPHIN or Slippi Launcher's.
        is_standin: whether `game` is our stand-in, which the program must be made to accept.
        max_waiting_images: how far the emulator may run ahead of the consumer before it is suspended, if
            pictures come as PNG.
        frames: the way by which pictures come out: the preloaded library's channel, PNG files, or auto: the
            channel if it is seen to work here.
        renderer: what draws: a GPU, the processor, or auto: a GPU if one is seen to draw here.
        emulators: how many emulators run side by side on this machine and share its cores; None if unknown.
    """

    game: Path
    preset: SlippiPreset = field(default_factory=SlippiPreset)
    program: Path | None = None
    is_standin: bool = False
    max_waiting_images: int = MAX_WAITING_IMAGES
    frames: FramesChoice = "png"
    renderer: RendererChoice = "auto"
    emulators: int | None = None
    name: str = "slippi"

    def check(self) -> None:
        """Check that this machine can start the emulator. `farm doctor --emulator slippi` checks more.

        Raises:
            EnvironmentFailed: no playback Dolphin, no game, no Xvfb, or no GPU where one was asked for.
        """
        slippi_install.require_playback(self._install())
        self._require_game()
        if self.frames == "channel":
            require_channel(self.preset)
        drawing_here(self.renderer)

    def frame_way(self) -> FrameWay:
        """Return the way by which pictures come out. `auto` starts the emulator for it, once per process."""
        if self.frames == "auto":
            return _probed(replace(self, frames="channel"))
        return FrameWay(self.frames, "as asked for")

    def fingerprint(self) -> Mapping[str, str]:
        """Return what decides the pixels (program, settings and game), and the way by which they come out."""
        install = self._install()
        drawing = drawing_here(self.renderer)
        return {
            "emulator": f"Slippi playback Dolphin {slippi_install.program_version(install)}",
            "emulator_sha256": install.sha256(),
            "settings_sha256": settings_sha256(self.preset),
            "game_sha256": file_sha256(self.game),
            FRAMES_NAME: "png" if self.frame_way().name == "png" else f"channel {VERSION}",
            **({RENDERER_NAME: drawing.renderer} if drawing.is_gpu else {}),
        }

    @contextmanager
    def play(
        self, boot_image: BootImage, scratch: Path, deadlines: Deadlines
    ) -> Iterator[Iterator[Picture | LogLine]]:
        """Play a replay as the emulator contract requires; `boot_image.data` holds the bytes of the replay.

        The lines are those that Slippi prints, `[GAME_END_FRAME]` first: it names the replay's last frame.
        After the play RERECORDED lies in `scratch` if the emulator can record while it plays (from 3.4 on).
        `newest_capture_index` counts images whose file had begun to be written when the line was printed. On
        the channel, where each picture itself names its frame, it counts pictures that came before the line.
        """
        last = FIRST_SLP_FRAME + boot_image.num_frames - 1
        with self.started(scratch, boot_image.data, last) as (frames, child):
            watch = PlaybackWatch(boot_image.num_frames, deadlines, time.monotonic(), child.said)
            try:
                yield _events(frames, child, watch, boot_image)
            except EmulatorFailed:
                self._require_gpu()
                raise

    def waiting_pictures(self, scratch: Path, deadlines: Deadlines, count: int) -> None:
        """Boot the game without a replay and return once `count` pictures of its waiting screen have come.

        This tests program, game, display, driver, settings and dump on this machine without any replay.

        Raises:
            EmulatorFailed, EnvironmentFailed: as in the emulator contract's `play`.
        """
        with self.started(scratch, None, FIRST_SLP_FRAME) as (frames, child):
            watch = PlaybackWatch(1, deadlines, time.monotonic(), child.said)
            for event in _arrivals(frames, child, watch):
                with _blame_exit(child, watch):
                    number = frames.look_at(event)
                if number >= count:
                    return

    def _require_gpu(self) -> None:
        """Raise an error about the machine, not the replay, if the GPU that drew no longer draws."""
        drawing = drawing_here(self.renderer)
        if drawing.is_gpu:
            require_still_drawing(drawing)

    def _install(self) -> SlippiInstall:
        install = slippi_install.find_install(self.program)
        return slippi_install.with_standin_title(install) if self.is_standin else install

    def _require_game(self) -> None:
        if not self.game.is_file():  # the program itself would crash without a word
            what = "--game-image names a folder" if self.game.is_dir() else "--game-image names no file"
            message = f"{what}; give the disc image itself, --game-image FILE, or standin"
            raise EnvironmentFailed(message)

    @contextmanager
    def started(
        self,
        scratch: Path,
        replay: bytes | None,
        last_slp_frame: int,
        take_by: Callable[[Path], SlippiFrames] | None = None,
    ) -> Iterator[tuple[SlippiFrames, Child]]:
        """Start the program in a scratch folder, and end it when the block ends.

        Args:
            scratch: the folder in which the scratch folder is made.
            replay: the bytes of the replay to play; None to stay on the waiting screen.
            last_slp_frame: the frame after which the program stops asking for more.
            take_by: makes another way for pictures to come out, given the play's folder, in which the
                settings lie under `user`; None for the way of `frame_way`.

        Raises:
            EnvironmentFailed: there is no program, no game, or no display.
        """
        install = self._install()
        self._require_game()
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slippi-", dir=scratch)))
            frames = take_by(home) if take_by else self._frames(home, scratch)
            write_settings(home / "user", self.preset, home / _REREPLAYS, dumps=frames.dumps)
            stack.enter_context(frames)
            stack.callback(
                _keep_rerecording, home, scratch
            )  # runs once the emulator has ended, which completes the file
            if replay is not None:
                (home / "game.slp").write_bytes(replay)
                comm = CommFile((home / "game.slp").resolve(), last_slp_frame, command_id="once")
                comm.write(home / "comm.json")
            display = stack.enter_context(xvfb(self.preset.width, self.preset.height, home))
            child = stack.enter_context(
                Child(
                    self._command(install, home),
                    folder=home,
                    environment=self._environment(display, frames),
                    stdout=frames.stdout,
                    stderr=home / "stderr",
                    pass_fds=frames.descriptors,
                )
            )
            stack.callback(frames.let_go)
            frames.supervise(child)
            yield frames, child

    def _environment(self, display: str, frames: SlippiFrames) -> dict[str, str]:
        drawn = emulator_variables(drawing_here(self.renderer), self.preset.height, self.emulators)
        return joined(_environment(display) | dict(frames.variables), drawn)

    def _frames(self, home: Path, scratch: Path) -> SlippiFrames:
        width, height = self.preset.width, self.preset.height
        if self.frame_way().name == "png":
            return PngFrames(width, height, home / "user", scratch, self.max_waiting_images)
        require_channel(self.preset)
        return ChannelFrames(width, height, home)

    def _command(self, install: SlippiInstall, home: Path) -> list[str]:
        command = [str(install.program), "--batch", "--exec", str(self.game.resolve())]
        command += ["--user", str(home / "user"), "--slippi-input", str(home / "comm.json")]
        # --hide-seekbar is not cosmetic: it turns off the periodic savestates.
        return [*command, "--cout", "--hide-seekbar"]


@cache
def _probed(emulator: SlippiDolphin) -> FrameWay:
    """Start the emulator without a replay, and test whether pictures come by the channel."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            emulator.waiting_pictures(Path(folder), _PROBE_DEADLINES, _PROBE_PICTURES)
    except (EnvironmentFailed, EmulatorFailed) as error:
        sys.stderr.write(f"slippi: pictures come as PNG, which is slower: {error}\n")
        return FrameWay("png", str(error))
    return FrameWay("channel", "the preloaded library took")


def _events(
    frames: SlippiFrames, child: Child, watch: PlaybackWatch, boot_image: BootImage
) -> Iterator[Picture | LogLine]:
    for event in _arrivals(frames, child, watch):
        before = time.monotonic()
        with _blame_exit(child, watch):
            for shown in frames.feed(event, is_last=watch.is_over):
                yield shown
                if isinstance(shown, Picture):
                    watch.num_shown += 1
                    if shown.capture_index + 1 == boot_image.num_pictures:
                        return
        watch.skip(time.monotonic() - before)


def _arrivals(frames: SlippiFrames, child: Child, watch: PlaybackWatch) -> Iterator[SlippiEvent]:
    """Yield every picture and line after the watch has seen it; ends only by an error."""
    while True:
        event = frames.take(_POLL_SECONDS)
        now = time.monotonic()
        watch.idle(now)
        if event is None:
            status = child.exit_status()
            if status is not None and frames.is_drained():
                watch.exited(status)
            continue
        if isinstance(event, PrintedLine | Line):
            watch.line(event.text)
        else:
            watch.image(now)
        yield event


def _keep_rerecording(home: Path, scratch: Path) -> None:
    for recorded in sorted((home / _REREPLAYS).glob("*.slp")):
        recorded.replace(scratch / RERECORDED)


@contextmanager
def _blame_exit(child: Child, watch: PlaybackWatch) -> Iterator[None]:
    """Report the emulator's exit instead of a cut-off image if the exit is what cut the image off."""
    try:
        yield
    except EmulatorFailed:
        status = child.wait(_EXIT_SECONDS)
        if status is not None:
            watch.exited(status)
        raise


def _environment(display: str) -> dict[str, str]:
    """Return our environment with this display, and without the services that GTK would wait for."""
    return {
        **os.environ,
        "DISPLAY": display,
        "GDK_BACKEND": "x11",  # a Wayland session's variables would win otherwise
        "NO_AT_BRIDGE": "1",  # no accessibility bus: GTK waits for it if there is none
        "GTK_A11Y": "none",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "LC_ALL": "C.UTF-8",
    }
