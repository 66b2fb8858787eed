"""Read and write dataset.json, which records what all chunks of a dataset have in common.

The dataset's first run fixes it.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from manifests.errors import RecordRefused, SchemaRefused
from manifests.state.schema import FIRST_SLP_FRAME, FRAMES_PER_SECOND
from manifests.store.canonical_json import ADDED_LATER, canonical, from_plain, parse, readable, to_plain
from manifests.store.claim import claimed
from manifests.store.contract import ObjectMissing
from manifests.store.keys import CLAIM_PREFIX, DATASET_KEY, PROBE_PREFIX, STORE_KEY

if TYPE_CHECKING:
    from manifests.store.contract import Store

SCHEMA_VERSION: Final = 1
FORMAT: Final = "dolphin-farm"
TIMING_RULE: Final = (
    "Row k of a states file and frame k of its video are one slp_frame: the action columns are the inputs of "
    "that frame, the state columns what the game recorded after simulating it, the picture the one that "
    "shows it. Frames are matched by ordinal, never by time."
)
SPARSE_TIMING_RULE: Final = (
    "Row k of a states file is one slp_frame: the action columns are the inputs of that frame, the state "
    "columns what the game recorded after simulating it. Picture j of its video shows row j * {frame_step}, "
    "at the row's own time; the rows between have no picture. Frames are matched by ordinal, never by time."
)
"""The timing rule of a dataset in which not every frame has a picture."""
_ADDED_SINCE: Final = {"stamp_seed_column": None, "picture_delay_frames": 0, "player_key_sha256": None}
"""Fields that the first datasets of this schema version lack, with the values that hold for them."""
_MOST_RATE: Final = 1_000_000
_MOST_PIXELS: Final = 16_384
_SUM: Final = "content_sha256"
MAY_DIFFER: Final = frozenset({"fingerprints", "player_key_sha256", "splits"})
"""Fields in which a later run may differ from the first.

Each ledger entry has its own fingerprints, and planning first looks up the dataset's own key and split rule.
"""


@dataclass(frozen=True, slots=True)
class VideoContract:
    """The format of every video of the dataset: its size, codec and encoder settings.

    Attributes:
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
        gop_frames: frames that every closed group of pictures (GOP) covers; a chunk's last may be shorter.
        crf: quality, on x264's scale of constant rate factors.
        preset: x264's preset, which trades time for size.
        codec, profile, pixel_format, container, b_frames, colour_matrix, colour_range: as ffmpeg names them.
        threads: number of encoder threads, on which the bytes depend.
        frame_step: frames from one picture to the next, a divisor of 60: the pictures of a chunk show its
            frames 0, frame_step, 2 * frame_step ... None if every frame has a picture.

    Raises:
        ValueError: frame_step is not valid, or does not divide gop_frames.
    """

    width: int
    height: int
    gop_frames: int
    crf: float
    preset: str
    codec: str = "h264"
    profile: str = "high"
    pixel_format: str = "yuv420p"
    container: str = "mp4"
    b_frames: int = 0
    colour_matrix: str = "smpte170m"
    colour_range: str = "tv"
    threads: int = 1
    frame_step: int | None = field(default=None, metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        step = self.frame_step
        if step is not None and (step < 2 or FRAMES_PER_SECOND % step or self.gop_frames % step):  # noqa: PLR2004
            message = (
                f"frame_step is a divisor of {FRAMES_PER_SECOND} above 1 that divides the frames of a GOP "
                f"({self.gop_frames}), got {step}"
            )
            raise ValueError(message)

    @property
    def picture_step(self) -> int:
        """Frames from one picture to the next; 1 if every frame has a picture."""
        return self.frame_step or 1

    @property
    def gop_pictures(self) -> int:
        """Number of pictures in every GOP except a chunk's last."""
        return self.gop_frames // self.picture_step

    @property
    def fps(self) -> int:
        """Number of pictures per second."""
        return FRAMES_PER_SECOND // self.picture_step

    def num_pictures(self, num_frames: int) -> int:
        """Count the pictures of a chunk of `num_frames`, or of a run of frames that begins with a picture."""
        return -(-num_frames // self.picture_step)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangular part of the picture, in pixels of the encoded video, from its top left corner."""

    left: int
    top: int
    width: int
    height: int

    def is_within(self, width: int, height: int) -> bool:
        """Whether the rectangle is not empty, and lies wholly in a picture of that size."""
        across = 0 <= self.left < self.left + self.width <= width
        return across and 0 <= self.top < self.top + self.height <= height


@dataclass(frozen=True, slots=True)
class SplitContract:
    """The rule by which every game of the dataset goes to train, val or test.

    Attributes:
        by: "pairing" or "player": whose keyed hash decides the split. By player, no player is in two splits.
        val, test: fractions of pairings or of players.
        hold_out: texts such as "character=PICHU", ascending; games that match any of them go to test.
    """

    by: str
    val: float
    test: float
    hold_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetDescription:
    """The contents of dataset.json.

    Attributes:
        emulator: "standin" or "slippi" (one dataset never mixes them); "none" for states alone.
        frames_per_chunk: number of frames in every chunk, a multiple of video.gop_frames; a game's last chunk
            may be shorter.
        video: how every video is made; None in a dataset of states alone.
        stamp: where each picture shows its slp_frame (see manifests/video/stamp.py); None without stamps.
        picture_delay_frames: by how many frames pictures lag behind the recorded state by design. It is 0
            unless the stand-in plays in Slippi's Dolphin, where it draws the state that a frame begins with.
        stamp_seed_column: the state column whose value the stamp shows as well; None if it shows none.
        state_schema: version of the states files' schema.
        fingerprints: the setup of the first run: emulator version, configuration hashes and so on.
        marks_key_frames: whether every key frame names its game and slp_frame (see manifests/video/sei.py).
        player_key_sha256: fingerprint of the key with which players are hashed; None in old datasets, which
            do not record it.
        splits: the rule by which every plan of this dataset divides games; None in old datasets, which do not
            record it.
        fps: rate of the frames, and of the videos' time stamps: frame k is at exactly k / fps seconds.
        true_fps_numerator, true_fps_denominator: the console's real rate, 60000/1001 per second.
        first_slp_frame: the slp_frame with which every game begins.
        timing_rule: which row belongs to which picture, in words.

    Raises:
        ValueError: frames_per_chunk is not a multiple of video.gop_frames, the stamp lies outside of the
            picture, or a size or rate is out of bounds.
    """

    emulator: str
    frames_per_chunk: int
    video: VideoContract | None
    stamp: Rectangle | None
    state_schema: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    marks_key_frames: bool = False
    stamp_seed_column: str | None = None
    picture_delay_frames: int = 0
    player_key_sha256: str | None = None
    fps: int = FRAMES_PER_SECOND
    true_fps_numerator: int = 60000
    true_fps_denominator: int = 1001
    first_slp_frame: int = FIRST_SLP_FRAME
    timing_rule: str = TIMING_RULE
    splits: SplitContract | None = field(default=None, metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprints", MappingProxyType(dict(self.fingerprints)))
        gop_frames = 1 if self.video is None else self.video.gop_frames
        if self.frames_per_chunk < 1 or gop_frames < 1 or self.frames_per_chunk % gop_frames:
            message = f"frames_per_chunk is a multiple of the GOP ({gop_frames}), got {self.frames_per_chunk}"
            raise ValueError(message)
        rates = (self.fps, self.true_fps_numerator, self.true_fps_denominator)
        if not all(0 < rate <= _MOST_RATE for rate in rates):
            message = f"rates are 1 to {_MOST_RATE}, got {', '.join(map(str, rates))}"
            raise ValueError(message)
        sides = (1, 1) if self.video is None else (self.video.width, self.video.height)
        if not all(0 < side <= _MOST_PIXELS for side in sides):
            message = f"pictures have sides of 1 to {_MOST_PIXELS} pixels, got {sides[0]} x {sides[1]}"
            raise ValueError(message)
        if self.stamp is not None and not self.stamp.is_within(*sides):
            message = f"the stamp lies within the picture of {sides[0]} x {sides[1]}, got {self.stamp}"
            raise ValueError(message)

    @property
    def picture_step(self) -> int:
        """Frames from one picture to the next; 1 in a dataset of states alone."""
        return 1 if self.video is None else self.video.picture_step

    def to_json(self) -> bytes:
        """Make the bytes of dataset.json."""
        plain = {"format": FORMAT, "schema_version": SCHEMA_VERSION, **to_plain(self)}
        return readable({**plain, _SUM: _sum_of(plain)})

    @classmethod
    def from_json(cls, data: bytes, where: str) -> DatasetDescription:
        """Read the bytes of a dataset.json; `where` names the place in errors.

        Raises:
            SchemaRefused: the bytes have another format or schema version.
            RecordRefused: a field is missing, unknown, or of another type, or the bytes were changed since.
        """
        plain = parse(data, where)
        written = plain.pop(_SUM, None)  # the first datasets have no sum
        if written is not None and written != _sum_of(plain):
            message = (
                f"{where}: {_SUM} does not fit its content; it was changed after it was written: put it back"
            )
            raise RecordRefused(message)
        found = (plain.pop("format", None), plain.pop("schema_version", None))
        if found != (FORMAT, SCHEMA_VERSION):
            message = (
                f"{where}: a {found[0]!r:.40} dataset of schema version {found[1]!r:.40}; this program knows "
                f"{FORMAT!r} version {SCHEMA_VERSION}: give another output, or use the version that made it"
            )
            raise SchemaRefused(message)
        return from_plain(cls, {**_ADDED_SINCE, **plain}, where)


def _sum_of(plain: Mapping[str, object]) -> str:
    try:
        return hashlib.sha256(canonical(plain)).hexdigest()
    except ValueError:  # a NaN, which no valid dataset.json has
        return ""


def read_description(store: Store) -> DatasetDescription:
    """Read a dataset's dataset.json.

    Raises:
        SchemaRefused: there is no dataset, or one with another schema.
        RecordRefused: dataset.json is not as it was written.
    """
    where = f"{store.url}/{DATASET_KEY}"
    try:
        data = store.get(DATASET_KEY)
    except ObjectMissing as error:
        message = f"{where}: not there, so {store.url} is no dataset of this program; check the path"
        raise SchemaRefused(message) from error
    return DatasetDescription.from_json(data, where)


def _is_of_the_store(key: str) -> bool:
    return key == STORE_KEY or key.startswith((PROBE_PREFIX, CLAIM_PREFIX))


def open_or_create(store: Store, description: DatasetDescription) -> DatasetDescription:
    """Begin a dataset, or continue one that was begun with the same settings; return its description.

    Any number of workers may call this at the same time.

    Raises:
        SchemaRefused: the place holds a dataset with another schema or other settings, or other files.
        StoreFailed: another process is beginning it, and the store cannot say who came first.
    """
    if store.head(DATASET_KEY) is None:
        # Other files mean a wrong path, so a dataset is never begun beside them.
        ours = (info.key for info in store.list())
        strangers = list(itertools.islice((key for key in ours if not _is_of_the_store(key)), 1))
        # Another worker may have begun the dataset since our first look: it writes dataset.json first of all.
        if strangers and store.head(DATASET_KEY) is None:
            message = f"{store.url}: holds {strangers[0]} but no {DATASET_KEY}; give an empty or a new output"
            raise SchemaRefused(message)
        with claimed(store, DATASET_KEY.removesuffix(".json")):
            store.put_if_absent(DATASET_KEY, description.to_json())
    found = read_description(store)
    if (found.video is None) != (description.video is None):
        held, made = ("states alone", "states and pictures")[:: 1 if found.video is None else -1]
        message = f"{store.url}: holds {held}, and this run makes {made}; give another output (--out)"
        raise SchemaRefused(message)
    differences = [
        line
        for name in (declared.name for declared in fields(found))
        if name not in MAY_DIFFER
        for line in _differences(name, to_plain(getattr(found, name)), to_plain(getattr(description, name)))
    ]
    if differences:
        message = (
            f"{store.url}: made with {'; '.join(differences)}; run with the dataset's own settings, or give "
            "another output (--out)"
        )
        raise SchemaRefused(message)
    return found


def _differences(name: str, theirs: object, ours: object) -> list[str]:
    """List the values in which two plain records differ, each with its name."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        keys = [*theirs, *(key for key in ours if key not in theirs)]
        return [
            line for key in keys for line in _differences(f"{name}.{key}", theirs.get(key), ours.get(key))
        ]
    return [] if theirs == ours else [f"{name} = {theirs}, this run has {ours}"]
