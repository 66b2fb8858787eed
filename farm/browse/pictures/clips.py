"""Makes a file of a range of a game: H.264 or an animated picture, with state or boxes drawn over it."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.browse.pictures.frames import chunk_with, pictures_of
from farm.browse.pictures.stills import to_rgb
from farm.browse.states.chunk_states import chunk_states
from farm.browse.states.drawn_state import drawn_state
from farm.browse.states.known_boxes import known_boxes
from farm.browse.states.timeline import told_events
from manifests.labels.events import game_events
from manifests.ledger.dataset import read_description
from manifests.state.joined import joined
from manifests.state.schema import FRAMES_PER_SECOND, entity_names
from manifests.video.clip import write_mp4
from manifests.video.overlay import ANIMATION_STEP, draw_boxes, draw_captions, draw_over, write_animation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from manifests.labels.boxes import Boxes
    from manifests.ledger.entry import LedgerEntry
    from manifests.state.table import StateTable
    from manifests.store.contract import Store

MOST_CLIP_FRAMES: Final = 1200
"""Length of the longest clip, in frames of the game: 20 s."""
OVERLAYS: Final = ("state", "boxes", "events")
KINDS: Final = {"mp4": "video/mp4", "webp": "image/webp", "gif": "image/gif"}
"""Kinds of files, with the media type of each."""
_EVENT_FRAMES: Final = 60  # how long an event stays on the picture
_MOST_EVENTS: Final = 6


@dataclass(frozen=True, slots=True)
class ClipAsk:
    """The range of frames that a clip shows, its kind of file, and what is drawn over it.

    Attributes:
        start: first slp_frame.
        exclusive_end: the slp_frame after the last.
        kind: a key of KINDS.
        over: what is drawn over the pictures, names among OVERLAYS.

    Raises:
        ValueError: there is no such kind or overlay, or the range is empty or too long.
    """

    start: int
    exclusive_end: int
    kind: str
    over: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            message = f"a clip is one of {', '.join(KINDS)}, got {self.kind!r:.20}"
            raise ValueError(message)
        if unknown := sorted(self.over - {*OVERLAYS}):
            message = f"over a picture are drawn {', '.join(OVERLAYS)}, not {unknown[0]!r:.20}"
            raise ValueError(message)
        if not 1 <= self.exclusive_end - self.start <= MOST_CLIP_FRAMES:
            length = self.exclusive_end - self.start
            message = f"a clip has 1 to {MOST_CLIP_FRAMES} frames, got {length}"
            raise ValueError(message)


def clip(store: Store, entry: LedgerEntry, ask: ClipAsk) -> bytes:
    """Make a clip's file: an mp4 of all pictures, or an animation of half the size, 20 pictures a second.

    The clip ends at the latest where the game ends.

    Raises:
        NoSuchFrame: the game does not have the first frame.
        DatasetError: the store failed, or a video or states file cannot be read.
    """
    chunk_with(entry, ask.start)
    step = read_description(store).picture_step
    pictures = _drawn(store, entry, ask, step)
    if ask.kind == "mp4":
        with tempfile.TemporaryDirectory(prefix="dolphin-farm-clip-") as folder:
            path = Path(folder) / "clip.mp4"
            write_mp4(pictures, path, Fraction(FRAMES_PER_SECOND, step))
            return path.read_bytes()
    every = -(-ANIMATION_STEP // step)
    kept = [np.ascontiguousarray(each[::2, ::2]) for k, each in enumerate(pictures) if k % every == 0]
    file = io.BytesIO()
    write_animation(kept, file, ask.kind.upper(), FRAMES_PER_SECOND / step / every)
    return file.getvalue()


def _drawn(store: Store, entry: LedgerEntry, ask: ClipAsk, step: int) -> Iterator[NDArray[np.uint8]]:
    assert entry.game is not None, "a committed game has its facts"
    names = [player.character_name for player in entry.game.players]
    state = joined([chunk_states(store, chunk) for chunk in entry.chunks]) if ask.over else None
    boxes = known_boxes(store, entry).boxes if "boxes" in ask.over else {}
    events = _events(state) if state is not None and "events" in ask.over else []
    for slp_frame, yuv in pictures_of(store, entry, ask.start, ask.exclusive_end, step):
        picture = np.asarray(to_rgb(yuv))
        if state is not None:
            row = slp_frame - state.first_slp_frame
            picture = _boxed(picture, boxes, row)
            if "state" in ask.over:
                players = {n: drawn_state(_values(state, n, row), name) for n, name in enumerate(names)}
                picture = draw_over(picture, slp_frame, players)
            recent = [words for frame, words in events if 0 <= slp_frame - frame < _EVENT_FRAMES]
            picture = draw_captions(picture, recent[-_MOST_EVENTS:]) if recent else picture
        yield picture


def _values(state: StateTable, player: int, row: int) -> Callable[[str], float]:
    return lambda column: float(state.values(f"p{player}.{column}")[row])


def _boxed(picture: NDArray[np.uint8], boxes: Mapping[str, Boxes], row: int) -> NDArray[np.uint8]:
    seen = [(int(name[1]), one.edges[row]) for name, one in boxes.items() if one.valid[row]]
    return draw_boxes(picture, seen) if seen else picture


def _events(state: StateTable) -> list[tuple[int, str]]:
    told = told_events(game_events(state), entity_names(state.num_players))
    return [(frame, _words(frame, kind, who, other, value)) for frame, kind, who, other, value in told]


def _words(frame: int, kind: str, fighter: str, other: int | None, value: float | None) -> str:
    by = "" if other is None else f" by p{other}"
    number = "" if value is None else f" ({value:g})"
    return f"{frame}: {kind.replace('_', ' ')}, {fighter}{by}{number}"
