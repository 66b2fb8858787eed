"""Read one window of a dataset: fetch its bytes, decode its pictures, look up its states, check it all."""

from __future__ import annotations

import dataclasses
import logging
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from manifests.errors import RecordRefused
from manifests.store.open import open_store
from manifests.training.action_groups import group_actions
from manifests.training.joined_tables import JoinedTables
from manifests.training.packed_states import PackedStates
from manifests.training.pictures import Pictures
from manifests.training.row_arrays import RowArrays
from manifests.video.decoder import Decoder, GopRun, luma_of
from manifests.video.open_decoder import open_decoder
from manifests.video.sei import find_mark
from manifests.video.stamp import read_stamps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from manifests.store.contract import Store
    from manifests.training.cache import LocalCache
    from manifests.training.fields import Fields
    from manifests.training.footage import Footage
    from manifests.training.packed_states import Span
    from manifests.training.windows import WindowSpec

    Int = NDArray[np.int64]
    Mask = NDArray[np.bool_]

Verify: TypeAlias = Literal["none", "mark", "stamp"]
_MARK_BYTES: Final = 4096  # a mark comes before the first slice, so the beginning of a GOP is enough
_ID_BYTES: Final = 32  # of a sha256
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a window before any decoding; threads fetch these ahead.

    Attributes:
        chunk: number of the window's chunk.
        start: frame_index of the first frame seen.
        video: bytes of the GOPs that hold the window's pictures; empty if no pictures are asked for.
        span: where the packed states of its frames are; None if no states are asked for.
        joined: values and validity for the frames of its steps, by the name of their side table.
    """

    chunk: int
    start: int
    video: bytes
    span: Span | None
    joined: Mapping[str, tuple[NDArray[Any], Mask]] = field(default_factory=dict)


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
        verify: what is checked about the pictures. "mark": the mark of a key frame, if it has one, must name
            the expected slp_frame and game; "stamp": the stamp of every picture must be right as well (only
            stand-in datasets have stamps); "none": nothing.
        cache: keeps packed states, and video bytes if `cache_video`; None to keep packed states in memory.
        cache_video: whether video bytes are kept in the cache, too.
        join: path or URL of each side table that samples get values from, by the name of these values.
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
    join: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verify not in ("none", "mark", "stamp"):
            message = f"verify is 'none', 'mark' or 'stamp', got {self.verify!r}"
            raise ValueError(message)
        if self.with_video:
            self.pictures.shape(self.footage.video.width, self.footage.video.height)
            step = self.footage.grid.picture_step
            if self.spec.num_seen > 1 and self.spec.frame_step % step:
                message = (
                    f"only every {step} frames have a picture in this dataset, so frame_step is a multiple "
                    f"of {step}, got {self.spec.frame_step}; window={self.spec.window} without a WindowSpec "
                    "takes every picture"
                )
                raise ValueError(message)
        if self.verify == "stamp" and not self.pictures.framing.is_whole:
            message = "stamps are read in whole pictures; leave out size and crop, or take verify='mark'"
            raise ValueError(message)
        self._forget()

    def _forget(self) -> None:
        """Drop the decoder and connections, which a forked child must not share with its parent."""
        self._process = os.getpid()
        self._decoder: Decoder | None = None
        self._game_ids: list[str] | None = None
        self.joins = JoinedTables(self.join)
        self._of_rows = RowArrays(self.fields)
        self._states: PackedStates | None = None

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        del kept["joins"]
        return {**kept, "store": self.store.url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "store": open_store(state["store"])})
        self._forget()

    @cached_property
    def _id_bytes(self) -> NDArray[np.uint8]:
        """The game_id of each game, uint8 [G, 32]."""
        return np.frombuffer(bytes.fromhex("".join(self.game_ids)), np.uint8).reshape(-1, _ID_BYTES)

    @property
    def states(self) -> PackedStates:
        """The packed states of the chunks."""
        if self._states is None:
            self._states = PackedStates(self.store, self.footage, self._of_rows, self.fields.key, self.cache)
        return self._states

    def of_spec(self, spec: WindowSpec) -> SampleReader:
        """Make a reader for another kind of window, which shares this one's packed states and side tables."""
        other = dataclasses.replace(self, spec=spec)
        other._states, other.joins = self.states, self.joins  # noqa: SLF001 - of the same class
        return other

    def settle(self) -> None:
        """Open new connections if this process was forked since the last call."""
        if self._process != os.getpid():
            self.store = open_store(self.store.url)
            states, joins = self._states, self.joins
            self._forget()
            joins.settle()
            self.joins = joins
            if states is not None:
                states.settle(self.store)
                self._states = states

    def fetch(self, chunk: int, start: int) -> Fetched:
        """Fetch one range of a window's video, and its rows of state. Several threads may do so at once.

        Raises:
            StoreFailed: the store cannot give these bytes.
            RecordRefused: a states file is not the one that the manifest names.
        """
        span = self._span(chunk, start) if self._of_rows.parts else None
        return Fetched(chunk, start, self._video(chunk, start), span, self._joined(chunk, start))

    def _span(self, chunk: int, start: int) -> Span:
        """Find the packed states of a window's frames in a mapped shard, or read them from a file."""
        span = self.states.span(chunk)
        if span is None:
            frames, actions, _ = self._frames(np.array([chunk]), np.array([start]))
            first = int(min(frames.min(), actions.min()))
            span = self.states.read(chunk, first, int(max(frames.max(), actions.max())) + 1)
        return span

    def _joined(self, chunk: int, start: int) -> dict[str, tuple[NDArray[Any], Mask]]:
        """Look up the side tables' values of a window's steps."""
        if not self.join:
            return {}
        steps = self.spec.step_frames(np.array([start]))[0]
        slp_frames = steps + int(self.footage.slp_frame_start[chunk])
        game_id = self.game_ids[int(self.footage.grid.game[chunk])]
        return self.joins.rows(game_id, slp_frames)

    @property
    def game_ids(self) -> list[str]:
        """The game_id of each game, in the order of the games table."""
        if self._game_ids is None:
            self._game_ids = self.footage.games["game_id"].to_pylist()
        return self._game_ids

    def _frames(self, chunks: Int, starts: Int) -> tuple[Int, Int, Mask]:
        """Return the frames of the steps, int64 [B, T], and of the actions with their mask, [B, A, F]."""
        actions, is_pad = self.spec.action_frames(starts, self.footage.grid.num_frames[chunks])
        return self.spec.step_frames(starts), actions, is_pad

    def read(self, fetched: Fetched, pictures: NDArray[np.uint8] | None = None) -> dict[str, NDArray[Any]]:
        """Turn a window's bytes into arrays by name, as `manifests.training.sample` describes them.

        Pictures are [num_seen, *shape] as they were decoded; `Pictures.arrange` lays them out.

        Args:
            fetched: the window's bytes, from `fetch`.
            pictures: array to decode into, uint8 [num_seen, *shape]; None to allocate one.

        Raises:
            VideoUnreadable: the video is damaged.
            RecordRefused: a picture is not the one it should be.
        """
        sample = {name: np.asarray(array[0]) for name, array in self.read_states([fetched]).items()}
        if self.with_video:
            sample["video"] = self.read_pictures(fetched, pictures)
        return sample

    def read_states(self, fetched: Sequence[Fetched]) -> dict[str, NDArray[Any]]:
        """Make all arrays of B windows except their pictures, each [B, ...], by name.

        Raises:
            StoreFailed, RecordRefused: packed rows were damaged, and their states file cannot be read.
        """
        chunks = np.array([one.chunk for one in fetched], np.int64)
        starts = np.array([one.start for one in fetched], np.int64)
        frames, actions, is_pad = self._frames(chunks, starts)
        spans = [one.span for one in fetched if one.span is not None]
        batch: dict[str, NDArray[Any]] = {
            "slp_frame": (frames + self.footage.slp_frame_start[chunks, None]).astype(np.int32)
        }
        batch |= self._fields_of(chunks, frames, actions, is_pad, spans)
        batch["action_is_pad"] = is_pad if self.spec.actions == "every" else np.any(is_pad, axis=2)
        is_context = np.arange(self.spec.num_steps) < self.spec.history
        batch["is_context"] = np.tile(is_context, (chunks.size, 1))
        batch["game"] = self.footage.grid.game[chunks]
        batch["game_id"] = self._id_bytes.take(batch["game"], axis=0)
        batch["chunk"], batch["frame_index"] = chunks, starts
        return batch | self.joins.batch([one.joined for one in fetched])

    def _fields_of(
        self, chunks: Int, frames: Int, actions: Int, is_pad: Mask, spans: Sequence[Span]
    ) -> dict[str, NDArray[Any]]:
        parts = self._of_rows.parts
        if not parts:  # pictures alone, or side tables: no states file is read
            return {}
        flat = actions.reshape(chunks.size, -1)
        gathered: dict[bool, tuple[NDArray[np.uint8], Int]] = {}
        if not all(part.is_action for part in parts):
            gathered[False] = self.states.gather(chunks, frames, spans)
        if self._of_rows.with_actions:
            is_same = np.array_equal(flat, frames) and False in gathered
            gathered[True] = gathered[False] if is_same else self.states.gather(chunks, flat, spans)
        masks = self.states.masks()
        found: dict[str, NDArray[Any]] = {}
        for part in parts:
            arrays = self._of_rows.arrays(part, *gathered[part.is_action], masks)
            shape = actions.shape if part.is_action else frames.shape
            arrays = {name: array.reshape(*shape, *array.shape[1:]) for name, array in arrays.items()}
            found |= group_actions(arrays, is_pad, part, self.spec) if part.is_action else arrays
        return found

    def read_pictures(self, fetched: Fetched, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Decode and check the pictures of a window, uint8 [num_seen, *shape], into `out` if given.

        Raises:
            VideoUnreadable: the video is damaged.
            RecordRefused: a picture is not the one it should be.
        """
        footage, chunk, seen = self.footage, fetched.chunk, self.spec.seen_frames(fetched.start)
        width, height = footage.video.width, footage.video.height
        if out is None:
            out = np.empty((seen.size, *self.pictures.shape(width, height)), np.uint8)
        span = footage.gop_span(chunk, int(seen[0]), int(seen[-1]))
        run = GopRun(fetched.video, footage.avcc(chunk), width, height)
        if self.verify != "none":
            self.check_mark(run, chunk, span.first_frame_index)
        if self._decoder is None:
            self._decoder = open_decoder(
                self.pictures.decoder, self.pictures.pixel_format, self.pictures.framing
            )
        self._decoder.decode(run, (seen - span.first_frame_index) // footage.grid.picture_step, out)
        if self.verify == "stamp":
            self._check_stamps(out, footage.slp_frame_start[chunk] + seen, footage.video_key(chunk))
        return out

    def check_mark(self, run: GopRun, chunk: int, frame_index: int) -> None:
        """Check that the mark at the beginning of a run of GOPs, if any, names the expected frame and game.

        Raises:
            RecordRefused: the mark names another frame or game.
        """
        mark = find_mark(run.data[:_MARK_BYTES], run.avcc)
        slp_frame = int(self.footage.slp_frame_start[chunk]) + frame_index
        game_id = self.game_ids[int(self.footage.grid.game[chunk])]
        # Datasets from before marks have none, so a missing mark is no error here; `farm audit` knows whether
        # a dataset must have marks.
        if mark is not None and (mark.slp_frame, mark.game_id) != (slp_frame, game_id):
            message = (
                f"{self.footage.video_key(chunk)}: the key frame at {frame_index} is marked slp_frame "
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
        key = self.footage.video_key(chunk)
        if self.cache is None or not self.cache_video:
            return self.store.get_range(key, span.byte_start, span.byte_exclusive_end)
        part = f"{key} {span.byte_start} {span.byte_exclusive_end}"
        name = f"sealed video {self.store.url} {self.footage.sha256} {part}"
        data = self.cache.read_sealed(name)
        if data is None:
            data = self.store.get_range(key, span.byte_start, span.byte_exclusive_end)
            self.keep(name, data)
        return data

    def keep(self, name: str, data: bytes) -> None:
        """Put bytes into the cache, if there is one; a full or read-only disk only makes the run slower."""
        if (cache := self.cache) is None:
            return
        try:
            cache.put_sealed(name, data)
        except OSError as error:
            _LOG.warning("%s: %s; going on without the cache", cache.folder, error)
            self.cache = None
