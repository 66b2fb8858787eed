"""Find the user's own playback Dolphin, ask its version, and make it ready to be started.

    named file or folder, $SLIPPI_DOLPHIN, Slippi Launcher's folder -> SlippiInstall (a program beside its
    Sys folder)

Nothing is ever changed in the user's installation. An AppImage is unpacked once into the cache (so that it
needs no FUSE), and so is a .zip or .tar.gz of the program's folder, or of an AppImage. The program's list of
known titles lacks the stand-in game, so a copy with one more entry is made in the cache to boot it.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.home_folder import NoHome, cache_base, with_home
from workers.emulator.slippi_versions import knowledge_of
from workers.emulator.xvfb import xvfb
from workers.errors import EnvironmentFailed
from workers.files.digest import file_sha256
from workers.files.unpack import is_archive, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT_VARIABLE: Final = "SLIPPI_DOLPHIN"
LAUNCHER_FOLDERS: Final = (
    "~/.config/Slippi Launcher/playback",
    "~/.config/slippi-launcher/playback",
    "~/.var/app/*/config/Slippi Launcher/playback",
)
"""The folders in which Slippi Launcher puts the program on Linux; the last is for a Launcher from Flatpak."""
PROGRAM: Final = "dolphin-emu"
NETPLAY_REMEDY: Final = "this is the netplay build: take the one from Slippi Launcher's `playback` folder"
STANDIN_TITLE: Final = "GameSettings/00000000.ini"
"""Settings file for the title id of a DOL. The program refuses every title without such a file."""
_NETPLAY_NAMES: Final = re.compile("faster melee|netplay", re.IGNORECASE)
"""The name that netplay builds print before their version."""
_REMEDY: Final = (
    "install Slippi Launcher (slippi.gg), start it once and let it fetch the playback Dolphin, or set "
    f"{ENVIRONMENT_VARIABLE} to a Slippi_Playback AppImage, a {PROGRAM} file, or an archive of its folder"
)
_UNPACK_SECONDS: Final = 120
_ANSWER_SECONDS: Final = 20
"""Far more than a cold start on a busy machine takes; a program that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class SlippiInstall:
    """A playback Dolphin that can be started.

    Attributes:
        program: the executable itself, never an AppImage.
        source: the user's own file: the AppImage that it was unpacked from, or the program.
    """

    program: Path
    source: Path

    @property
    def sys_folder(self) -> Path:
        """The program's read-only data, beside it; all instances share it."""
        return self.program.parent / "Sys"

    def sha256(self) -> str:
        """Return the sha256 of the program, hex."""
        return file_sha256(self.program)


def find_install(named: Path | None = None, cache: Path | None = None) -> SlippiInstall:
    """Return the playback Dolphin: `named`, else the one $SLIPPI_DOLPHIN names, else Slippi Launcher's.

    Args:
        named: an AppImage, a program file, a folder that holds one of them, or a .zip or .tar.gz of that.
        cache: where AppImages and archives are unpacked; `cache_folder()` if None.

    Raises:
        EnvironmentFailed: there is no playback Dolphin, or it is not complete.
    """
    given = named or (
        Path(os.environ[ENVIRONMENT_VARIABLE]) if os.environ.get(ENVIRONMENT_VARIABLE) else None
    )
    places = [given] if given is not None else _launcher_folders()
    for place in places:
        source = _program_in(place)
        if source is None:
            continue
        if is_archive(source):
            source = _program_of_archive(source, cache or cache_folder())
        if source.suffix.lower() == ".appimage":
            return _unpacked(source, cache or cache_folder())
        return _complete(SlippiInstall(source.resolve(), source))
    where = str(given) if given is not None else ", ".join(LAUNCHER_FOLDERS)
    message = f"no Slippi playback Dolphin in {where}; {_REMEDY}"
    raise EnvironmentFailed(message)


def cache_folder() -> Path:
    """Return the folder of unpacked programs: $XDG_CACHE_HOME/dolphin-farm, usually ~/.cache/dolphin-farm."""
    return cache_base() / "dolphin-farm"


def with_standin_title(install: SlippiInstall, cache: Path | None = None) -> SlippiInstall:
    """Return a copy of the program that also boots the stand-in game; made once, then found again.

    The program looks for its data beside its own real path, so a link to it would not work.

    Raises:
        EnvironmentFailed: the cache cannot be written; or for the reasons of `require_playback`, as a refused
            program is not copied.
    """
    if (install.sys_folder / STANDIN_TITLE).exists():
        return install
    target = (cache or cache_folder()) / f"slippi-standin-{install.sha256()[:16]}"
    copy = SlippiInstall(target / "bin" / install.program.name, install.source)
    if copy.program.exists():
        return copy
    require_playback(install)

    def fill(folder: Path) -> None:
        (folder / "bin").mkdir()
        shutil.copy2(install.program, folder / "bin" / install.program.name)
        shutil.copytree(install.sys_folder, folder / "bin" / "Sys")
        title = folder / "bin" / "Sys" / STANDIN_TITLE
        title.write_text("# Lets homebrew boot; written by dolphin-farm.\n[Core]\nCPUThread = False\n")
        libraries = install.program.parent.parent / "lib"
        if libraries.is_dir():  # an AppImage's own
            (folder / "lib").symlink_to(libraries.resolve())

    _build_once(target, fill)
    return copy


def program_version(install: SlippiInstall) -> str:
    """Return the version that the program prints, e.g. "3.4.1"; starts the program on a display for a moment.

    Raises:
        EnvironmentFailed: there is no display, the program cannot be started, or it prints no version.
    """
    said = _answer(install, "--version")
    version = re.search(r"^([0-9]+\.[0-9]+\.[0-9]+\S*)", said, re.MULTILINE)
    if version is not None:
        return version.group(1)
    last = said.strip().splitlines()[-1:] or ["nothing"]
    message = f"{install.source} --version gives no version; it said: {last[0]}"
    if _NETPLAY_NAMES.search(said):
        message += f": by that name, {NETPLAY_REMEDY}"
    raise EnvironmentFailed(message)


def can_play_back(install: SlippiInstall) -> bool:
    """Return whether the program accepts a comm file; Slippi's netplay build does not.

    Raises:
        EnvironmentFailed: for the reasons of `program_version`.
    """
    return "slippi-input" in _answer(install, "--help")


def require_playback(install: SlippiInstall) -> None:
    """Check that the program plays replays in the way that our driver expects.

    Raises:
        EnvironmentFailed: it is another program or another build of Slippi's Dolphin; or for the reasons of
            `program_version`.
    """
    version = program_version(install)
    known = knowledge_of(version)
    if known.standing == "mainline":
        message = f"{install.source} is version {version}, {known.about}; take a 3.x playback Dolphin"
    elif not can_play_back(install):
        message = f"{install.source} {version} cannot play replays: {NETPLAY_REMEDY}"
    else:
        return
    raise EnvironmentFailed(message)


def _answer(install: SlippiInstall, option: str) -> str:
    """Return the program's output for one option. It exits with 255, and needs a display even for that."""
    said = _answer_in_time(install, option)
    if said is None:
        message = (
            f"{install.source} {option} did not answer within {_ANSWER_SECONDS} s; is it a playback Dolphin?"
        )
        raise EnvironmentFailed(message)
    return said


@functools.cache
def _answer_in_time(install: SlippiInstall, option: str) -> str | None:
    """Return the program's output; None if it hangs, which is remembered so that nobody waits twice."""
    try:
        with tempfile.TemporaryDirectory() as folder, xvfb(64, 64, Path(folder)) as display:
            return _printed([str(install.program), option], display)
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        message = f"{install.source} cannot be started: {error.strerror or error}"
        raise EnvironmentFailed(message) from error


def _printed(command: list[str], display: str) -> str:
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        env={**os.environ, "DISPLAY": display, "GDK_BACKEND": "x11"},
    ) as process:
        try:
            printed, complained = process.communicate(timeout=_ANSWER_SECONDS)
        finally:
            # A script's own children hold the pipes open, so ending only the script would not be enough.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return printed + complained


def _launcher_folders() -> list[Path]:
    try:
        home = with_home("~")
    except NoHome:
        return []  # without a home, the Launcher cannot be installed
    found: list[Path] = []
    for pattern in LAUNCHER_FOLDERS:
        relative = pattern.removeprefix("~/")
        found.extend(sorted(home.glob(relative)))
    return found


def _program_in(place: Path) -> Path | None:
    """Return the AppImage or program that `place` is or holds; the AppImage first, as the Launcher does."""
    if place.is_file():
        return place
    if not place.is_dir():
        return None
    images = sorted(place.glob("Slippi_Playback*.AppImage"))
    programs = [place / PROGRAM, place / "usr" / "bin" / PROGRAM]
    return next((path for path in (*images, *programs) if path.is_file()), None)


def _program_of_archive(archive: Path, cache: Path) -> Path:
    """Unpack an archive once; return the AppImage or program in it."""
    target = cache / f"slippi-archive-{file_sha256(archive)[:16]}"

    def fill(folder: Path) -> None:
        unpack(archive, folder)
        _program_below(folder, archive)

    if not target.is_dir():
        _build_once(target, fill)
    program = _program_below(target, archive)
    program.chmod(0o755)  # archives made on other systems lose what may be run; this copy is ours
    return program


def _program_below(unpacked: Path, archive: Path) -> Path:
    below = sorted(path for path in unpacked.iterdir() if path.is_dir() and not path.is_symlink())
    for folder in (unpacked, *below):
        program = _program_in(folder) or _program_in(folder / "squashfs-root")
        if program is not None:
            return program
    message = f"{archive} holds no {PROGRAM} and no Slippi_Playback AppImage, at its top or one folder below"
    raise EnvironmentFailed(message)


def _unpacked(image: Path, cache: Path) -> SlippiInstall:
    target = cache / f"slippi-{file_sha256(image)[:16]}"
    install = SlippiInstall(target / "squashfs-root" / "usr" / "bin" / PROGRAM, image)

    def fill(folder: Path) -> None:
        runnable = folder / "image"
        shutil.copyfile(image, runnable)  # the user's own may not be executable
        runnable.chmod(0o755)
        try:
            subprocess.run(
                [str(runnable), "--appimage-extract"],
                cwd=folder,
                capture_output=True,
                timeout=_UNPACK_SECONDS,
                check=True,
            )
        except OSError as error:
            message = (
                f"{image} cannot be unpacked: it is no AppImage that this machine can run "
                f"({error.strerror or error}); {_REMEDY}"
            )
            raise EnvironmentFailed(message) from error
        except subprocess.CalledProcessError as error:
            message = f"{image} cannot be unpacked: it gave exit status {error.returncode}; {_REMEDY}"
            raise EnvironmentFailed(message) from error
        except subprocess.TimeoutExpired as error:
            message = f"{image} cannot be unpacked: it took more than {_UNPACK_SECONDS} s"
            raise EnvironmentFailed(message) from error
        runnable.unlink()
        beside = image.parent / "Sys"  # as in the releases' archives, for images that lack it
        if beside.is_dir() and not (inside := folder / "squashfs-root" / "usr" / "bin" / "Sys").exists():
            shutil.copytree(beside, inside)
        _complete(SlippiInstall(folder / "squashfs-root" / "usr" / "bin" / PROGRAM, image))

    if not install.program.exists():
        _build_once(target, fill)
    return _complete(install)


def _build_once(target: Path, fill: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it, so that racing workers see none of it or all of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        fill(aside)
        try:
            aside.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another worker was faster, with the same bytes
                raise
    except OSError as error:
        message = f"{target.parent} cannot be written: {error}"
        raise EnvironmentFailed(message) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _complete(install: SlippiInstall) -> SlippiInstall:
    if not os.access(install.program, os.X_OK):
        message = f"{install.source} holds no program that can be run; {_REMEDY}"
        raise EnvironmentFailed(message)
    if not (install.sys_folder / "GameSettings").is_dir():
        message = f"{install.source} has no Sys/GameSettings folder beside it; {_REMEDY}"
        raise EnvironmentFailed(message)
    return install
