"""Check a pair (a chunk's video and states file): its hashes, its structure, and what its pictures show."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from manifests.audit.findings import Depth, Finding, Kind
from manifests.ledger.records import GopIndex
from manifests.state.file import read_states
from manifests.store.contract import ObjectMissing
from manifests.video.decoder import VideoUnreadable
from manifests.video.sei import FrameMark, find_mark
from manifests.video.stamp import SEED_COLUMN, cell_levels, decode_levels, seeds_agree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from manifests.audit.sources import Pair
    from manifests.ledger.dataset import DatasetDescription, Rectangle, VideoContract
    from manifests.ledger.records import ObjectRef
    from manifests.state.table import StateTable
    from manifests.store.contract import Store


class Witness(Protocol):
    """Looks at the pictures of a pair, and says whether they fit its states.

    workers/align has a witness that compares motion. This package must not import it, so callers pass it in.
    """

    def see(self, luma: NDArray[np.uint8]) -> None:
        """Look at the next picture, uint8 [H, W]."""

    def objection(self, state: StateTable) -> str | None:
        """Return in words why the pictures do not show these states.

        Returns None if they fit, and an empty string if the witness cannot tell.
        """


class VideoCheck(Protocol):
    """Checks a video file with a program other than its writer; implemented outside of this package."""

    def __call__(
        self, video: bytes, *, num_frames: int, width: int, height: int, fps: int, gop_pictures: int
    ) -> Sequence[str]:
        """Return what is wrong with the file, one line per fault; empty if nothing is."""


@dataclass
class Checked:
    """The result of checking one pair: what is wrong, and how much was read, decoded and witnessed."""

    findings: list[Finding] = field(default_factory=list)
    num_bytes: int = 0
    num_frames: int = 0
    num_witnessed: int = 0
    num_independently_checked: int = 0


class PairChecks:
    """Checks pairs at one depth; several threads may use it at the same time."""

    def __init__(
        self,
        store: Store,
        depth: Depth,
        description: DatasetDescription,
        witness: Callable[[DatasetDescription], Witness] | None = None,
        video_check: VideoCheck | None = None,
    ) -> None:
        self._store, self._depth, self._description, self._witness = store, depth, description, witness
        self._video_check = video_check

    def check(self, pair: Pair) -> Checked:
        """Check a pair at CHECKSUM and deeper; stops after the first depth at which something is wrong.

        Raises:
            StoreFailed: the store failed.
        """
        checked = Checked()
        states = self._fetch(pair.chunk.states, checked)
        ref, video_of = pair.chunk.video, self._description.video
        video = None if ref is None else self._fetch(ref, checked)
        if (ref is None) != (video_of is None):
            detail = "the dataset has videos and this chunk none, or the other way about"
            checked.findings.append(Finding(Kind.DISAGREEMENT, pair.chunk.states.key, detail))
        if checked.findings or self._depth < Depth.STRUCTURE:
            return checked
        self._look_into(pair, video, states, checked)
        return checked

    def _fetch(self, ref: ObjectRef, checked: Checked) -> bytes:
        try:
            data = self._store.get(ref.key)
        except ObjectMissing:
            checked.findings.append(Finding(Kind.MISSING, ref.key, "was listed, and is not there any more"))
            return b""
        checked.num_bytes += len(data)
        found = hashlib.sha256(data).hexdigest()
        if found != ref.sha256:
            checked.findings.append(Finding(Kind.CHECKSUM, ref.key, f"sha256 {found}, recorded {ref.sha256}"))
        return data

    def _look_into(self, pair: Pair, video: bytes | None, states: bytes, checked: Checked) -> None:
        state = _state(pair, states, checked)
        ref, index, size = pair.chunk.video, pair.chunk.gops, self._description.video
        if video is None or ref is None or index is None or size is None:
            return
        recorded = _Recorded(ref.key, index, size, self._description)
        _check_video(pair, video, recorded, checked)
        if checked.findings or state is None or self._depth < Depth.DECODE:
            return
        witness = self._witness(self._description) if self._witness else None
        _check_pictures(recorded, video, state, witness, checked)
        if self._video_check:
            wrong = self._video_check(
                video, num_frames=size.num_pictures(pair.chunk.num_frames), width=size.width,
                height=size.height, fps=size.fps, gop_pictures=size.gop_pictures,
            )  # fmt: skip
            checked.findings += [Finding(Kind.STRUCTURE, ref.key, line) for line in wrong]
            checked.num_independently_checked += 1


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the records say about a video: its key, its GOPs, and the format of all videos."""

    key: str
    gops: GopIndex
    size: VideoContract
    description: DatasetDescription


def _state(pair: Pair, states: bytes, checked: Checked) -> StateTable | None:
    """Read the states file, if it can be read; add a finding if it is not as recorded."""
    chunk = pair.chunk
    try:
        state = read_states(states)
        slp_frame = state.values("slp_frame")
    except (ValueError, KeyError, OSError, pa.ArrowException) as error:
        detail = f"no states file of this schema: {error!s:.200}"
        checked.findings.append(Finding(Kind.UNREADABLE, chunk.states.key, detail))
        return None
    wanted = np.arange(chunk.slp_frame_start, chunk.slp_frame_exclusive_end)
    if not np.array_equal(slp_frame, wanted):
        detail = (
            f"{len(slp_frame)} rows of slp_frame {slp_frame[0]} to {slp_frame[-1]}, recorded {len(wanted)} "
            f"of [{chunk.slp_frame_start}, {chunk.slp_frame_exclusive_end}) without a gap"
        )
        checked.findings.append(Finding(Kind.STRUCTURE, chunk.states.key, detail))
    return state


def _check_video(pair: Pair, video: bytes, recorded: _Recorded, checked: Checked) -> None:
    """Check packets, key frames, their bytes and the size of the pictures against the record."""
    from manifests.video.mp4 import read_gops  # noqa: PLC0415 - libav is an extra, not for listings

    chunk, gops, contract = pair.chunk, recorded.gops, recorded.size
    try:
        found = read_gops(io.BytesIO(video), contract.fps)
    except VideoUnreadable as error:
        checked.findings.append(Finding(Kind.UNREADABLE, recorded.key, str(error)[:300]))
        return
    index = GopIndex.of(found.first_frame_index, found.num_frames, found.byte_offset, found.byte_size)
    packets = (sum(index.num_frames), contract.num_pictures(chunk.num_frames))
    if packets[0] == packets[1]:
        index = index.in_frames(contract.picture_step, chunk.num_frames)
    size = (contract.width, contract.height)
    facts = {
        "packets": packets,
        "key frames": (index.first_frame_index, gops.first_frame_index),
        "byte offsets of GOPs": (index.byte_offset, gops.byte_offset),
        "byte sizes of GOPs": (index.byte_size, gops.byte_size),
        "avcC": (found.avcc.hex(), chunk.avcc),
        "picture size": ((found.width, found.height), size),
    }
    for what, (has, due) in facts.items():
        if has != due:
            detail = f"{what}: {has!s:.100}, recorded {due!s:.100}"
            checked.findings.append(Finding(Kind.STRUCTURE, recorded.key, detail))
    wrong = _wrong_marks(pair, video, index, found.avcc, are_due=recorded.description.marks_key_frames)
    if wrong:
        detail = f"{len(wrong)} key frames are marked wrongly; {wrong[0]}"
        checked.findings.append(Finding(Kind.STRUCTURE, recorded.key, detail))


def _wrong_marks(pair: Pair, video: bytes, index: GopIndex, avcc: bytes, *, are_due: bool) -> list[str]:
    """List the wrong marks of key frames; a missing mark is wrong only if the dataset has marks."""
    wrong = []
    for first, offset, size in zip(index.first_frame_index, index.byte_offset, index.byte_size, strict=True):
        mark = find_mark(video[offset : offset + size], avcc)
        due = FrameMark(pair.chunk.slp_frame_start + first, pair.game_id)
        if mark != due and (mark is not None or are_due):
            says = "no mark" if mark is None else f"slp_frame {mark.slp_frame} of game {mark.game_id[:12]}"
            wrong.append(f"frame_index {first}: {says}, not slp_frame {due.slp_frame} of {due.game_id[:12]}")
    return wrong


def _check_pictures(
    recorded: _Recorded,
    video: bytes,
    state: StateTable,
    witness: Witness | None,
    checked: Checked,
) -> None:
    """Check the decoded pictures: their number, each stamp against its row, and the witness's judgement."""
    from manifests.video.mp4 import decode_luma  # noqa: PLC0415 - as above

    stamp, num_pictures = recorded.description.stamp, 0
    levels: list[NDArray[np.float32]] = []
    try:
        for luma in decode_luma(io.BytesIO(video)):
            num_pictures += 1
            if stamp:
                levels.append(_levels(luma, stamp))
            if witness:
                witness.see(luma)
    except VideoUnreadable as error:
        checked.findings.append(Finding(Kind.UNREADABLE, recorded.key, str(error)[:300]))
        return
    checked.num_frames += num_pictures
    if num_pictures != (due := recorded.size.num_pictures(state.num_frames)):
        detail = f"{num_pictures} pictures decoded, {due} due for {state.num_frames} rows of state"
        checked.findings.append(Finding(Kind.FRAMES, recorded.key, detail))
    if levels:
        _check_stamps(recorded, state, np.concatenate(levels), checked)
    objection = witness.objection(state) if witness else ""
    checked.num_witnessed += objection != ""
    if objection:
        checked.findings.append(Finding(Kind.FRAMES, recorded.key, objection))


def _levels(luma: NDArray[np.uint8], stamp: Rectangle) -> NDArray[np.float32]:
    rows, columns = slice(stamp.top, stamp.top + stamp.height), slice(stamp.left, stamp.left + stamp.width)
    return cell_levels(luma[None, rows, columns])


def _check_stamps(
    recorded: _Recorded, state: StateTable, levels: NDArray[np.float32], checked: Checked
) -> None:
    """Check the stamps' numbers, and seeds if any, against the rows; `levels` is float32 [T, 64]."""
    numbers, valid = decode_levels(levels)
    shown = [int(number) if is_valid else None for number, is_valid in zip(numbers, valid, strict=True)]
    wrong = [
        (frame_index, wanted, got)
        for frame_index, (wanted, got) in enumerate(
            zip(state.values("slp_frame").tolist(), shown, strict=False)
        )
        if wanted != got
    ]
    key, seed_column = recorded.key, recorded.description.stamp_seed_column
    if wrong:
        frame_index, wanted, got = wrong[0]
        shows = "no readable stamp" if got is None else f"slp_frame {got}"
        detail = (
            f"{len(wrong)} pictures do not show their row; frame_index {frame_index}: {shows}, not {wanted}"
        )
        checked.findings.append(Finding(Kind.FRAMES, key, detail))
    if seed_column != SEED_COLUMN or wrong or len(shown) != state.num_frames:
        return
    foreign = np.flatnonzero(~seeds_agree(levels, state))
    if foreign.size:
        detail = (
            f"{foreign.size} pictures carry their row's number but another state's seed, "
            f"from frame_index {foreign[0]} on: they show another game"
        )
        checked.findings.append(Finding(Kind.FRAMES, key, detail))
