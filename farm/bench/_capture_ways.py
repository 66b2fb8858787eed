"""The ways to take a game's pictures that `farm bench capture` compares; each plays a game once."""

from __future__ import annotations

import mmap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from farm.bench._capture_mainline import seconds_without_dump
from farm.bench._capture_slippi import NO_DUMP, avi_then_x264, channel_of, drained, png_of
from farm.bench._stamped import stamps_of
from manifests.ledger.entry import read_entry
from manifests.ledger.plan import GameToPlan, number_games
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from workers.emulator.contract import Deadlines, Picture
from workers.emulator.slippi_preset import SlippiPreset
from workers.errors import EmulatorFailed
from workers.job import RenderSettings, RenderTask, render_game
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK
from workers.rendering.emulator_setup import emulator_setup
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.rendering.game_image import slippi_dolphin
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.image.build import HEAVY_IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from workers.emulator.contract import BootImage
    from workers.emulator.slippi import SlippiDolphin
    from workers.emulator.slippi_preset import FramesChoice
    from workers.rendering.emulator_setup import EmulatorSetup

NO_DUMP_WAY: Final = "emulator, no dump"
DRAINED_WAY: Final = "pictures drained"
X264_WAY: Final = "x264 alone"
WORKER_WAY: Final = "worker"
PEERS_WAY: Final = "peers: AVI, then x264"

_PATIENT: Final = Deadlines(startup_seconds=120, progress_seconds=120, total_seconds=1800)


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """The request for one run: which way, which game and which emulator.

    Attributes:
        way: name of the way, one of those of the emulator in WAYS.
        emulator: `standin` or `slippi`.
        replay: path of the replay.
        pictures: file of the game's raw pictures, packed I420, which `x264 alone` encodes.
        folder: folder for temporary files.
        game_image: for `slippi`: a disc image, or `standin`.
        program: for `slippi`: the playback Dolphin; None to search for it.
        is_heavy: for `slippi`: whether the stand-in draws a scene about as heavy as Melee's.
    """

    way: str
    emulator: str
    replay: str
    pictures: str
    folder: str
    game_image: str = "standin"
    program: str | None = None
    is_heavy: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """The result of one play.

    Attributes:
        game_seconds: from the game's first line or picture to its last; 0 if that is not known.
        videos: the videos made from its pictures, in order; empty if a way makes none.
    """

    game_seconds: float
    videos: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Game:
    """A game to play, with the emulator that plays it.

    Attributes:
        request: the request for the run.
        set_up: the emulator.
        boot: the image that the emulator boots.
        replay: the replay's bytes.
        game_id: sha256 of these bytes, hex.
    """

    request: CaptureRequest
    set_up: EmulatorSetup
    boot: BootImage
    replay: bytes
    game_id: str

    def slippi(self, frames: FramesChoice = "channel") -> SlippiDolphin:
        """Return the playback Dolphin, with one way of taking pictures out of it."""
        emulator = _slippi(self.request, frames)
        assert emulator is not None, "only ways of Slippi ask for it"
        return emulator


Way: TypeAlias = "Callable[[Game, Path], Played]"


def game_of(request: CaptureRequest) -> Game:
    """Read the replay of a request, and set up its emulator.

    Raises:
        FarmError: the replay cannot be rendered, or the emulator is missing.
    """
    data = Path(request.replay).read_bytes()
    replay = read_replay(data)
    state = state_table(replay)
    set_up = emulator_setup(request.emulator, slippi=_slippi(request, "channel"))
    return Game(request, set_up, set_up.boot_image(replay, state), data, replay.game_id)


def keep_pictures(game: Game, folder: Path, file: Path, most: int | None = None) -> int:
    """Play a game, write its pictures uncompressed, as packed I420, to a file; return their number.

    Args:
        game: the game.
        folder: folder for the emulator's files.
        file: path of the file of pictures.
        most: number of pictures after which the emulator is ended; None for all.
    """
    wanted = game.boot.num_frames if most is None else min(most, game.boot.num_frames)
    with game.set_up.emulator.play(game.boot, folder, _PATIENT) as events, file.open("wb") as out:
        kept = 0
        for event in events:
            if isinstance(event, Picture) and event.capture_index < wanted:
                out.write(event.yuv.data)
                kept += 1
                if kept == most:
                    break
    return kept


def _slippi(request: CaptureRequest, frames: FramesChoice) -> SlippiDolphin | None:
    if request.emulator != "slippi":
        return None
    program = Path(request.program) if request.program else None
    slippi = slippi_dolphin(request.game_image, SlippiPreset(), program, frames)
    return replace(slippi, game=HEAVY_IMAGE, is_standin=True) if request.is_heavy else slippi


def _drain_pictures(game: Game, folder: Path) -> Played:
    """Take every picture as the worker gets it, and discard it."""
    first = last = 0.0
    with game.set_up.emulator.play(game.boot, folder, _PATIENT) as events:
        for _ in events:
            last = time.monotonic()
            first = first or last
    return Played(last - first)


def _x264_alone(game: Game, folder: Path) -> Played:
    """Encode the game's raw pictures as the worker does, in chunks of the worker's length."""
    size = game.set_up.height * 3 // 2, game.set_up.width
    with Path(game.request.pictures).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        pictures = np.frombuffer(mapped, np.uint8).reshape(-1, *size)
        for start in range(0, len(pictures), DEFAULT_FRAMES_PER_CHUNK):
            with _encoder(game, folder / f"{start}.mp4") as encoder:
                for picture in pictures[start : start + DEFAULT_FRAMES_PER_CHUNK]:
                    encoder.write(picture)
                encoder.close()
    return Played(0)


def _encoder(game: Game, video: Path) -> ChunkEncoder:
    return ChunkEncoder(video, VideoSettings(), width=game.set_up.width, height=game.set_up.height)


def _worker(frames: FramesChoice) -> Way:
    """Return the way of a real job: render, prove, and write to a local dataset."""

    def render(game: Game, folder: Path) -> Played:
        planned = GameToPlan(
            game.game_id, game.request.replay, game.boot.num_frames, "train", "", ("", ""), (None, None)
        )
        settings = RenderSettings(
            str(folder / "dataset"),
            game.request.emulator,
            scratch_base=folder,
            deadlines=_PATIENT,
            slippi=_slippi(game.request, frames),
        )
        (numbered,) = number_games([planned], DEFAULT_FRAMES_PER_CHUNK, 0)
        result = render_game(RenderTask(numbered), settings)
        entry = read_entry(open_store(settings.store_url), game.game_id)
        if result.status != "committed" or entry is None:
            message = f"the worker did not commit the game: {result.detail}"
            raise EmulatorFailed(result.reason or Reason.EMULATOR_EXIT, message)
        return Played(0, tuple(folder / "dataset" / chunk.video.key for chunk in entry.chunks if chunk.video))

    return render


def _peers(game: Game, folder: Path) -> Played:
    seconds, video = avi_then_x264(game.slippi(), game.boot, folder)
    return Played(seconds, (video,))


WAYS: Final[Mapping[str, Mapping[str, Way]]] = {
    "standin": {
        NO_DUMP_WAY: lambda game, folder: Played(seconds_without_dump(game.boot, folder)),
        DRAINED_WAY: _drain_pictures,
        X264_WAY: _x264_alone,
        WORKER_WAY: _worker("png"),
    },
    "slippi": {
        NO_DUMP_WAY: lambda game, folder: Played(
            drained(game.slippi(), game.boot, folder, png_of(game.slippi(), NO_DUMP))
        ),
        "raw rows drained": lambda game, folder: Played(
            drained(game.slippi(), game.boot, folder, channel_of(game.slippi()))
        ),
        DRAINED_WAY: _drain_pictures,
        "PNG files, deleted": lambda game, folder: Played(
            drained(game.slippi(), game.boot, folder, png_of(game.slippi()))
        ),
        X264_WAY: _x264_alone,
        PEERS_WAY: _peers,
        "worker, PNG files": _worker("png"),
        WORKER_WAY: _worker("channel"),
    },
}
"""The ways of each emulator, by name, from the limits to the whole worker."""


def is_worker(way: str) -> bool:
    """Return whether a way is a worker's whole job."""
    return way.startswith(WORKER_WAY)


def shown_frames(played: Played) -> npt.NDArray[np.int64]:
    """Return the slp_frame that each picture of a play's videos shows, int64 [T], by the stamp."""
    return np.concatenate([stamps_of(video) for video in played.videos])
