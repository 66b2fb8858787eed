"""Read one window of a dataset: fetch its bytes, decode its pictures, look up its states, check all of it."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from manifests.errors import RecordRefused
from manifests.state.file import read_states
from manifests.store.open import open_store
from manifests.training.pictures import Pictures
from manifests.video.decoder import Decoder, GopRun, luma_of
from manifests.video.open_decoder import open_decoder
from manifests.video.sei import find_mark
from manifests.video.stamp import read_stamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.store.contract import Store
    from manifests.training.cache import LocalCache
    from manifests.training.fields import Fields
    from manifests.training.footage import Footage
    from manifests.training.windows import WindowSpec

Verify: TypeAlias = Literal["none", "mark", "stamp"]
_MEMORY_CHUNKS: Final = 64  # packed chunks kept in memory: 100 MB of the default fields
_ACTIONS: Final = frozenset({"action", "raw_action", "just_pressed"})
_MARK_BYTES: Final = 4096  # a mark comes before the first slice, so the beginning of a GOP is enough
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a window before any decoding: what threads fetch ahead.

    Attributes:
        chunk: number of the window's chunk.
        start: frame_index of the first frame seen.
        video: bytes of the GOPs that hold its pictures; empty if no pictures are asked for.
        rows: packed states of the window's frames, see `manifests.training.fields`.
        first_row: frame_index of rows[0].
    """

    chunk: int
    start: int
    video: bytes
    rows: NDArray[Any]
    first_row: int


@dataclass
class SampleReader:
    """Reads windows of one dataset. It may be pickled; every process opens its own decoder.

    Attributes:
        store: where the dataset is.
        footage: the games, chunks and GOPs to read from.
        spec: what a window is.
        fields: which parts of the state a sample has.
        with_video: whether pictures are read at all.
        pictures: their pixel format, layout and decoder.
        verify: what is checked of the pictures. "mark": a key frame that is marked must be of the slp_frame
            and game that it stands for; "stamp": the stamp of every picture must be right as well, which only
            stand-in datasets have; "none": nothing.
        cache: keeps packed states, and video bytes if `cache_video`; None to keep packed states in memory.
        cache_video: whether video bytes are kept in the cache, too.
    """

    store: Store
    footage: Footage
    spec: WindowSpec
    fields: Fields
    with_video: bool = True
    pictures: Pictures = field(default_factory=Pictures)
    verify: Verify = "mark"
    cache: LocalCache | None = None
    cache_video: bool = False

    def __post_init__(self) -> None:
        if self.verify not in ("none", "mark", "stamp"):
            message = f"verify is 'none', 'mark' or 'stamp', got {self.verify!r}"
            raise ValueError(message)
        self._forget()

    def _forget(self) -> None:
        """Drop what belongs to one process: a forked child must share neither decoder nor connections."""
        self._process = os.getpid()
        self._decoder: Decoder | None = None
        self._memory: OrderedDict[int, bytes] = OrderedDict()
        self._dtype = self.fields.dtype
        self._game_ids: list[str] | None = None

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**kept, "store": self.store.url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "store": open_store(state["store"])})
        self._forget()

    def settle(self) -> None:
        """Open connections of this process's own, if it was forked since the last call."""
        if self._process != os.getpid():
            self.store = open_store(self.store.url)
            self._forget()

    def fetch(self, chunk: int, start: int) -> Fetched:
        """Fetch a window's bytes: one range of the video, and its rows. Several threads may do so at once.

        Raises:
            StoreFailed: the store cannot give them.
            RecordRefused: a states file is not the one that the manifest names.
        """
        num_frames = int(self.footage.grid.num_frames[chunk])
        actions, _ = self.spec.action_frames(start, num_frames)
        # With a negative action_shift, the first action is before the first picture.
        first = min(start, int(actions.min()))
        end = max(start + self.spec.span, int(actions.max()) + 1)
        return Fetched(chunk, start, self._video(chunk, start), self._rows(chunk, first, end), first)

    def read(self, fetched: Fetched, pictures: NDArray[np.uint8] | None = None) -> dict[str, NDArray[Any]]:
        """Make the arrays of a window's bytes, by name, as `manifests.training.sample` describes them.

        Pictures are [num_seen, *shape] as they were decoded; `Pictures.arrange` lays them out.

        Args:
            fetched: from `fetch`.
            pictures: where the pictures go, uint8 [num_seen, *shape]; None for memory of their own.

        Raises:
            VideoUnreadable: the video is damaged.
            RecordRefused: a picture is not the one it should be.
        """
        spec, chunk = self.spec, fetched.chunk
        seen = spec.seen_frames(fetched.start)
        num_frames = int(self.footage.grid.num_frames[chunk])
        actions, is_pad = spec.action_frames(fetched.start, num_frames)
        rows = fetched.rows[seen[spec.stack - 1 :] - fetched.first_row]
        # `copy`, not `ascontiguousarray`: of a single row NumPy takes the packed row's stride for contiguous,
        # and torch refuses strides that are no multiple of the element's size.
        sample: dict[str, NDArray[Any]] = {"slp_frame": rows["slp_frame"].copy()}
        acted = fetched.rows[actions - fetched.first_row]
        for name in self._dtype.names or ():
            if name != "slp_frame":
                is_action = _is_action(name)
                sample[name] = (acted if is_action else rows)[name].copy()
                if is_action and name.endswith("_valid"):
                    sample[name][is_pad] = False
        sample["action_is_pad"] = is_pad
        sample["is_context"] = np.arange(spec.num_steps) < spec.history
        sample["game"] = np.array(self.footage.grid.game[chunk], np.int64)
        sample["chunk"], sample["frame_index"] = np.array(chunk, np.int64), np.array(fetched.start, np.int64)
        if self.with_video:
            sample["video"] = self._pictures(fetched, seen, pictures)
        return sample

    def _pictures(
        self, fetched: Fetched, seen: NDArray[np.int64], out: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8]:
        footage, chunk = self.footage, fetched.chunk
        if out is None:
            out = np.empty((seen.size, *self.pictures.shape(footage.width, footage.height)), np.uint8)
        span = footage.gop_span(chunk, int(seen[0]), int(seen[-1]))
        run = GopRun(fetched.video, footage.avcc[chunk], footage.width, footage.height)
        if self.verify != "none":
            self._check_mark(run, chunk, span.first_frame_index)
        if self._decoder is None:
            self._decoder = open_decoder(self.pictures.decoder, self.pictures.pixel_format)
        self._decoder.decode(run, seen - span.first_frame_index, out)
        if self.verify == "stamp":
            self._check_stamps(out, footage.slp_frame_start[chunk] + seen, footage.video_keys[chunk])
        return out

    def _check_mark(self, run: GopRun, chunk: int, frame_index: int) -> None:
        if self._game_ids is None:
            self._game_ids = self.footage.games["game_id"].to_pylist()
        mark = find_mark(run.data[:_MARK_BYTES], run.avcc)
        slp_frame = int(self.footage.slp_frame_start[chunk]) + frame_index
        game_id = self._game_ids[int(self.footage.grid.game[chunk])]
        # Datasets from before marks have none, so silence is no fault here; `farm audit` knows what is due.
        if mark is not None and (mark.slp_frame, mark.game_id) != (slp_frame, game_id):
            message = (
                f"{self.footage.video_keys[chunk]}: the key frame at {frame_index} is marked slp_frame "
                f"{mark.slp_frame} of {mark.game_id:.12}, not {slp_frame} of {game_id:.12}; audit the "
                "dataset, or read it with verify='none'"
            )
            raise RecordRefused(message)

    def _check_stamps(self, pictures: NDArray[np.uint8], expected: NDArray[np.int64], key: str) -> None:
        found, valid = read_stamps(luma_of(pictures, self.pictures.pixel_format))
        wrong = np.flatnonzero(~valid | (found != expected))
        if wrong.size:
            first = int(expected[wrong[0]])
            message = (
                f"{key}: {wrong.size} pictures do not carry their stamp, the first is slp_frame {first}; "
                "audit the dataset, or read it with verify='mark' if it has no stamps"
            )
            raise RecordRefused(message)

    def _video(self, chunk: int, start: int) -> bytes:
        if not self.with_video:
            return b""
        span = self.footage.gop_span(chunk, start, start + self.spec.span - 1)
        key = self.footage.video_keys[chunk]
        if self.cache is None or not self.cache_video:
            return self.store.get_range(key, span.byte_start, span.byte_exclusive_end)
        name = (
            f"video {self.store.url} {self.footage.sha256} {key} {span.byte_start} {span.byte_exclusive_end}"
        )
        data = self.cache.read(name)
        if data is None:
            data = self.store.get_range(key, span.byte_start, span.byte_exclusive_end)
            self.keep(name, data)
        return data

    def rows(self, chunk: int) -> NDArray[Any]:
        """Read the packed rows of a whole chunk, [T] of the fields' dtype.

        Raises:
            StoreFailed: the store cannot give them.
            RecordRefused: the states file is not the one that the manifest names.
        """
        return self._rows(chunk, 0, int(self.footage.grid.num_frames[chunk]))

    def _rows(self, chunk: int, first: int, end: int) -> NDArray[Any]:
        size = self._dtype.itemsize
        sha256 = self.footage.states_sha256[chunk]
        name = f"rows {sha256} {self.fields.key}"
        data = None
        if self.cache is not None:
            # The cache gives the window's part of the file; a chunk in memory would be kept per process.
            data = self.cache.read(name, first * size, end * size)
        elif (packed := self._memory.get(chunk)) is not None:
            data = packed[first * size : end * size]
        if data is None:
            packed = self._packed(chunk, sha256)
            data = packed[first * size : end * size]
            if self.cache is not None:
                self.keep(name, packed)
            else:
                self._memory[chunk] = packed
                while len(self._memory) > _MEMORY_CHUNKS:
                    self._memory.popitem(last=False)
        return np.frombuffer(data, self._dtype)

    def _packed(self, chunk: int, sha256: str) -> bytes:
        key = self.footage.states_keys[chunk]
        data = self.store.get(key)
        table = read_states(data) if hashlib.sha256(data).hexdigest() == sha256 else None
        if table is None or table.num_frames != self.footage.grid.num_frames[chunk]:
            message = f"{self.store.url}/{key}: not the bytes that the manifest names; audit the dataset"
            raise RecordRefused(message)
        return self.fields.pack(table).tobytes()

    def keep(self, name: str, data: bytes) -> None:
        """Put bytes into the cache, if there is one; a full or read-only disk costs speed, not the run."""
        if (cache := self.cache) is None:
            return
        try:
            cache.put(name, data)
        except OSError as error:
            _LOG.warning("%s: %s; going on without the cache", cache.folder, error)
            self.cache = None


def _is_action(name: str) -> bool:
    return name.removesuffix("_valid").removesuffix("_ids").partition("/")[0] in _ACTIONS
