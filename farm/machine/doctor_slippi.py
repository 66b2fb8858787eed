"""Checks for Slippi before rendering: its playback Dolphin, the user's Melee, a display, OpenGL, fonts."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farm.machine import doctor
from farm.machine.doctor import Finding
from farm.machine.doctor_video import written_video
from workers.emulator import disc_image, slippi_install
from workers.emulator.contract import Deadlines
from workers.emulator.drawing import remedy_for
from workers.emulator.drawing_here import drawing_here, emulator_variables, hardware_here, renderer_here
from workers.emulator.slippi_preset import SlippiPreset
from workers.emulator.slippi_versions import knowledge_of
from workers.emulator.xvfb import REMEDY as INSTALL_XVFB
from workers.emulator.xvfb import xvfb
from workers.errors import EmulatorFailed, EnvironmentFailed
from workers.rendering.game_image import STANDIN, slippi_dolphin

if TYPE_CHECKING:
    from farm.machine.doctor import Check
    from workers.emulator.drawing import RendererChoice

WORKER_BYTES: Final = 1_100 << 20
"""A worker's bytes, measured: 700 MiB for the emulator on llvmpipe, 80 for Xvfb, the rest for our process."""
SPECTATOR_PORT: Final = 51441
NUM_PICTURES: Final = 10
_BOOT_DEADLINES: Final = Deadlines(startup_seconds=60, progress_seconds=60, total_seconds=60)
_SECONDS: Final = 60
_INSTALL_PROGRAM: Final = (
    "install Slippi Launcher from slippi.gg, start it once so that it fetches the playback Dolphin, or name "
    "one with --slippi-dolphin FILE or SLIPPI_DOLPHIN"
)


def slippi_checks(
    program: Path | None,
    game_image: str | None,
    num_workers: int,
    scratch: Path,
    renderer: RendererChoice = "auto",
) -> tuple[Check, ...]:
    """Return all checks for `--emulator slippi`; `game_image` is a file, or "standin" for our own game."""
    return (
        doctor.python,
        partial(playback_dolphin, program),
        partial(game, game_image),
        display,
        partial(opengl, renderer, num_workers),
        fonts,
        written_video,
        partial(doctor.shared_memory, num_workers),
        partial(doctor.disk, scratch),
        spectator_port,
        partial(doctor.processors, num_workers),
        partial(doctor.memory, num_workers, WORKER_BYTES),
        partial(first_pictures, program, game_image, scratch, renderer),
        partial(frame_channel, program, game_image, renderer),
    )


def playback_dolphin(program: Path | None) -> Finding:
    """Check that a playback Dolphin exists, starts and plays replays; say what is known of its version."""
    try:
        install = slippi_install.find_install(program)
        version = slippi_install.program_version(install)
        plays_back = slippi_install.can_play_back(install)
    except EnvironmentFailed as error:
        return doctor.failed("playback Dolphin", error, _INSTALL_PROGRAM)
    known = knowledge_of(version)
    detail = f"{version}, {install.source}: {known.about}"
    if known.standing == "mainline":
        remedy = "take a 3.x playback Dolphin, which Slippi Launcher uses unless told otherwise"
        return Finding("playback Dolphin", "failed", detail, remedy)
    if not plays_back:
        remedy = slippi_install.NETPLAY_REMEDY
        return Finding("playback Dolphin", "failed", f"{detail}; it knows no --slippi-input", remedy)
    if known.standing == "unknown":
        remedy = "render one game, and look at it, before you render many; 3.1 to 3.6 are known"
        return Finding("playback Dolphin", "warning", detail, remedy)
    return Finding("playback Dolphin", "ok", detail)


def game(game_image: str | None) -> Finding:
    """Check that the game image exists, and that it is Melee NTSC 1.02, byte for byte."""
    name = "game image"
    if game_image == STANDIN:
        return Finding(name, "ok", "our own stand-in game, no Melee")
    if game_image is None:
        return Finding(name, "failed", "none named", "name your Melee disc image: --game-image FILE")
    path = Path(game_image)
    try:
        image = disc_image.read_disc(path)
    except EnvironmentFailed as error:
        return doctor.failed(name, error, "dump your own Melee disc, NTSC 1.02, as .iso")
    identity = f"{image.container}, {image.game_id} revision {image.revision}"
    if not image.is_melee_102:
        remedy = "Slippi plays Melee NTSC 1.02 alone (GALE01 revision 2): use that disc"
        return Finding(name, "failed", f"{identity} is not Melee NTSC 1.02", remedy)
    if image.container not in disc_image.PLAYABLE:
        remedy = f"dolphin-tool convert -i {path.name} -o melee.iso -f iso"
        return Finding(name, "failed", f"{identity}: Slippi's Dolphin cannot open {image.container}", remedy)
    return _hashed_game(path, image, identity)


def _hashed_game(path: Path, image: disc_image.DiscImage, identity: str) -> Finding:
    name = "game image"
    try:
        digest = disc_image.disc_sha1(path, image.container)
    except EnvironmentFailed as error:
        return Finding(name, "warning", f"{identity}, unhashed: {error}", "convert it to .iso and look again")
    if digest is None:
        remedy = "apt-get install dolphin-emu for dolphin-tool, which hashes it, or convert it to .iso"
        return Finding(name, "warning", f"{identity}; packed, so its hash is not known", remedy)
    if digest != disc_image.MELEE_SHA1:
        remedy = (
            "a modified or bad dump can desync: use an unmodified one if your pictures must be the game's"
        )
        return Finding(name, "warning", f"{identity}, but sha1 {digest[:12]} is not the original's", remedy)
    return Finding(name, "ok", f"{identity}: Melee NTSC 1.02, sha1 as published")


def display() -> Finding:
    """Check that Xvfb, a display without a screen, can start: Slippi's Dolphin has no headless build."""

    def look() -> str:
        with tempfile.TemporaryDirectory() as folder, xvfb(64, 64, Path(folder)) as name:
            return f"Xvfb started as {name}"

    return doctor.attempt("display", look, INSTALL_XVFB.removeprefix("run: "))


def opengl(choice: RendererChoice = "auto", num_workers: int | None = None) -> Finding:
    """Say what draws on Xvfb, a GPU or the processor, in the environment that an emulator gets."""
    name = "OpenGL"
    if display().outcome != "ok":
        return Finding(name, "failed", "not tried: no display", INSTALL_XVFB.removeprefix("run: "))
    hardware = hardware_here()
    try:
        drawing = drawing_here(choice)
        variables = emulator_variables(drawing, SlippiPreset().height, num_workers)
        found = renderer_here(choice)
    except EnvironmentFailed as error:
        no_driver = "apt-get install libgl1 libgl1-mesa-dri libx11-6"
        return doctor.failed(name, error, remedy_for(hardware) if choice == "gpu" else no_driver)
    if drawing.is_gpu:
        return Finding(name, "ok", f"{found}: a GPU draws, {drawing.why}")
    told = " ".join(f"{key}={value}" for key, value in sorted(variables.items()))
    detail = f"{found}: the processor draws, {drawing.why}" + (f"; {told}" if told else "")
    if choice == "auto" and not hardware.is_bare:
        return Finding(name, "warning", detail, remedy_for(hardware))
    return Finding(name, "ok", detail)


def fonts() -> Finding:
    """Check that there is a font, since the toolkit of Slippi's Dolphin aborts without one."""
    remedy = "apt-get install fontconfig fonts-dejavu-core"
    tool = shutil.which("fc-list")
    if tool is None:
        return Finding("fonts", "warning", "no fc-list, so they cannot be counted", remedy)
    done = subprocess.run([tool], capture_output=True, text=True, timeout=_SECONDS, check=False)
    number = len(done.stdout.splitlines())
    if number == 0:
        return Finding("fonts", "warning", "none", remedy)
    return Finding("fonts", "ok", f"{number}")


def first_pictures(
    program: Path | None, game_image: str | None, scratch: Path, renderer: RendererChoice = "auto"
) -> Finding:
    """Check that emulator, game and display work together: boot the game without a replay, see pictures."""
    name = "first pictures"
    emulator = slippi_dolphin(game_image or "none named", SlippiPreset(), program, renderer=renderer)
    try:
        emulator.check()
    except EnvironmentFailed:
        return Finding(name, "failed", "not tried: see above", "mend what is named above, and look again")
    before = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            emulator.waiting_pictures(Path(folder), _BOOT_DEADLINES, NUM_PICTURES)
    except (EnvironmentFailed, EmulatorFailed, OSError) as error:
        return Finding(name, "failed", str(error), 'dolphin_configs/README.md, "When it does not work"')
    seconds = time.monotonic() - before
    preset = emulator.preset
    return Finding(
        name, "ok", f"{NUM_PICTURES} of {preset.width}x{preset.height} within {seconds:.1f} s of the start"
    )


def frame_channel(program: Path | None, game_image: str | None, renderer: RendererChoice = "auto") -> Finding:
    """Say whether pictures come unchanged through the preloaded library, or only as PNG files."""
    name = "frame channel"
    emulator = slippi_dolphin(game_image or "none named", SlippiPreset(), program, "auto", renderer)
    try:
        emulator.check()
    except EnvironmentFailed:
        return Finding(name, "failed", "not tried: see above", "mend what is named above, and look again")
    way = emulator.frame_way()
    if way.name == "channel":
        return Finding(name, "ok", f"{way.why}: --frames channel works, and is what --frames auto takes")
    remedy = "nothing need be done: PNG files are slower, and as exact in what they show"
    return Finding(name, "warning", f"pictures come as PNG files: {way.why}", remedy)


def spectator_port() -> Finding:
    """Say that no port is needed: the one that Slippi's Dolphin opens by default is off in our settings."""
    return Finding("ports", "ok", f"none needed: the spectator server (port {SPECTATOR_PORT}) is off")
