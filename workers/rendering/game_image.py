"""Find and check the game that Slippi's Dolphin plays: the user's disc image of Melee, or our stand-in.

Program and game may be paths, or objects on S3, which every machine of a run fetches for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.home_folder import with_home
from workers.emulator.disc_image import DISC_BYTES, PLAYABLE, read_disc
from workers.emulator.slippi import SlippiDolphin
from workers.errors import EnvironmentFailed
from workers.files.digest import file_sha256
from workers.files.node_files import fetched, identified
from workers.files.remote import GAME_IMAGE, PROGRAM, FileKind, RemoteName, is_remote
from workers.standin.image.build import IMAGE

if TYPE_CHECKING:
    from workers.emulator.drawing import RendererChoice
    from workers.emulator.slippi_preset import FramesChoice, SlippiPreset
    from workers.files.remote import RemoteFile

STANDIN: Final = "standin"
"""The name that stands for our own game in place of a disc image."""
_STANDIN_SUFFIX: Final = ".dol"
_ELSEWHERE: Final = Path("not-fetched")


@dataclass(frozen=True, slots=True)
class FetchedParts:
    """The files of a run's Slippi that lie on S3, which are the same bytes for every machine.

    Attributes:
        game: the game's image; None if it is a path.
        program: the playback Dolphin; None if it is a path, or is searched for.
    """

    game: RemoteFile | None = None
    program: RemoteFile | None = None

    def put_into(self, slippi: SlippiDolphin) -> SlippiDolphin:
        """Fetch the files that this machine lacks; return Slippi with their paths on this machine.

        Raises:
            EnvironmentFailed: a file cannot be fetched, or is not the one that the run began with.
        """
        game = slippi.game if self.game is None else fetched(self.game)
        program = slippi.program if self.program is None else fetched(self.program)
        if game.is_file():  # otherwise the emulator's own check says what is missing
            require_game = _require_standin if slippi.is_standin else require_melee
            require_game(game)
        return replace(slippi, game=game, program=program)


def fetched_parts(game_image: str, program: str | None = None) -> FetchedParts:
    """Fetch a run's game and program, as far as they lie on S3, and record which bytes they have.

    Raises:
        EnvironmentFailed: a file does not exist, or cannot be fetched.
        ValueError: a URL names no such file.
    """
    return FetchedParts(_identified(GAME_IMAGE, game_image), _identified(PROGRAM, program or ""))


def slippi_dolphin(
    game_image: str,
    preset: SlippiPreset,
    program: Path | str | None = None,
    frames: FramesChoice = "auto",
    renderer: RendererChoice = "auto",
    emulators: int | None = None,
    *,
    parts: FetchedParts | None = None,
) -> SlippiDolphin:
    """Return Slippi's Dolphin, ready to play games. Files on S3 are fetched, unless `parts` is given.

    Args:
        game_image: path or s3:// URL of the disc image of Melee NTSC 1.02, or STANDIN; a .dol means the
            stand-in.
        preset: the choices about the picture.
        program: path or s3:// URL of the playback Dolphin; None for $SLIPPI_DOLPHIN or Slippi Launcher's.
        frames: the way by which pictures come out of the emulator.
        renderer: whether a GPU or the processor draws.
        emulators: how many emulators run side by side on a machine; None if unknown.
        parts: the files on S3, from `fetched_parts`; None to call it here. Empty parts fetch nothing, for
            callers that play nothing.

    Raises:
        EnvironmentFailed: a file cannot be fetched.
        ValueError: a URL names no such file.
    """
    named = None if program is None else str(program)
    parts = fetched_parts(game_image, named) if parts is None else parts
    is_standin = game_image == STANDIN or game_image.lower().endswith(_STANDIN_SUFFIX)
    game = IMAGE if game_image == STANDIN else _path(game_image)
    slippi = SlippiDolphin(
        game,
        preset,
        None if named is None else _path(named),
        is_standin=is_standin,
        frames=frames,
        renderer=renderer,
        emulators=emulators,
    )
    return parts.put_into(slippi)


def _identified(kind: FileKind, place: str) -> RemoteFile | None:
    return identified(RemoteName(kind, place)) if is_remote(place) else None


def _path(place: str) -> Path:
    return _ELSEWHERE if is_remote(place) else with_home(place)


def require_melee(game: Path) -> None:
    """Check by head and size that a disc image looks like Melee NTSC 1.02; no error text contains its path.

    Raises:
        EnvironmentFailed: it is something else, is cut off, or is in a format that Slippi's Dolphin cannot
            read.
    """
    try:
        disc = read_disc(game)
        size = game.stat().st_size
    except EnvironmentFailed as error:
        raise EnvironmentFailed(str(error).replace(str(game), "the game image")) from error
    remedy = "name a whole image of Melee NTSC 1.02 with --game-image"
    if not disc.is_melee_102:
        found = f"{disc.game_id} revision {disc.revision}"
        message = f"the game image is {found}, and Slippi plays GALE01 revision 2 alone; {remedy}"
    elif disc.container not in PLAYABLE:
        message = (
            f"the game image is stored as {disc.container}, which Slippi cannot open; convert it to .iso"
        )
    elif disc.container == "ISO" and size < DISC_BYTES:
        message = f"the game image is cut off: it has {size:,} of {DISC_BYTES:,} bytes; {remedy}"
    else:
        return
    raise EnvironmentFailed(message)


def _require_standin(game: Path) -> None:
    """Refuse any other program than ours, because the facts about the stand-in hold only for it."""
    if game != IMAGE and file_sha256(game) != file_sha256(IMAGE):
        message = "the .dol that --game-image names is not our stand-in game; give a Melee image, or standin"
        raise EnvironmentFailed(message)
