"""Renders games once for the alignment bench and keeps notes on them: clean, disturbed or with a fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from farm.bench._disturbed import DISTURBANCES, Disturbed
from manifests.video.mp4 import decode_luma
from workers.align.game_notes import GameNotes
from workers.align.motion.flow import measure_flow
from workers.align.motion.flow_maps import FlowMaps
from workers.align.motion.flow_meter import FlowMeter
from workers.align.motion.picture_order import NUM_BEFORE
from workers.align.motion.thumbnails import thumbnail
from workers.emulator.contract import Picture
from workers.rendering.encode import ChunkEncoder, VideoSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from manifests.state.table import StateTable
    from workers.align.collector import EvidenceCollector
    from workers.align.faults import FaultSchedule
    from workers.emulator.contract import LogLine

_Value = TypeVar("_Value", bound=np.generic)
_PARTS: Final = tuple(field.name for field in fields(FlowMaps))
REENCODED: Final = "crf 35"
_REENCODED_SETTINGS: Final = VideoSettings(crf=35.0)


@dataclass(frozen=True, slots=True, eq=False)
class ObservedGame:
    """One game that was rendered without faults.

    Attributes:
        name: name of the replay.
        state: state of the game's T frames.
        thumbnails: uint8 [K, 56, 80], its pictures made small; K is T plus the pictures after the last frame.
        notes: what a render notes about the pictures.
        disturbed: flow of the T game pictures after each disturbance, by its name.
        evidence_seconds: processor time that noting the pictures took.
        other_seconds: processor time of this process for everything else that a render does: reading,
        encoding.
    """

    name: str
    state: StateTable
    thumbnails: npt.NDArray[np.uint8]
    notes: GameNotes
    disturbed: Mapping[str, FlowMaps]
    evidence_seconds: float
    other_seconds: float

    @property
    def num_pictures(self) -> int:
        """Number of pictures that were captured, including those after the last frame."""
        return int(self.thumbnails.shape[0])

    def with_fault(self, schedule: FaultSchedule, other: ObservedGame) -> GameNotes:
        """Return the notes that a render would have taken if its pictures had come by this fault schedule."""
        is_other, length = (
            schedule.is_other,
            np.where(schedule.is_other, other.num_pictures, self.num_pictures),
        )
        index = np.minimum(schedule.source, length - 1)
        mine, theirs = np.where(is_other, 0, index), np.where(is_other, index, 0)

        def shown(of: npt.NDArray[_Value], of_other: npt.NDArray[_Value]) -> npt.NDArray[_Value]:
            return np.where(is_other.reshape(-1, *[1] * (of.ndim - 1)), of_other[theirs], of[mine])

        repeats = shown(self.notes.repeats_previous, other.notes.repeats_previous)
        maps = {
            part: shown(getattr(self.notes.flow, part), getattr(other.notes.flow, part)) for part in _PARTS
        }
        # Nothing came before the first picture, so it repeats nothing, and nothing moved in it.
        repeats[0] = False
        is_same_game = is_other[1:] == is_other[:-1]
        joints = np.flatnonzero(~is_same_game | (np.diff(index) != 1)) + 1
        for place in joints:
            repeats[place] = is_same_game[place - 1] and index[place] == index[place - 1]
        near = np.add.outer([0, *joints], np.arange(NUM_BEFORE))
        for place in np.unique(near[near < index.size]):
            around = np.maximum(np.arange(place - NUM_BEFORE, place + 1), 0)
            four = [(other if is_other[k] else self).thumbnails[index[k]] for k in around]
            seen = measure_flow(np.stack(four))
            for name, values in maps.items():
                values[place] = getattr(seen, name)[0]
        mine_asked, other_asked = self.notes.slp_frame_asked, other.notes.slp_frame_asked
        newest = self.notes.lines[:, 1]
        arrived = np.where(newest < 0, 0, schedule.num_shown[np.clip(newest, 0, schedule.num_shown.size - 1)])
        return GameNotes(
            stamp_levels=shown(self.notes.stamp_levels, other.notes.stamp_levels),
            repeats_previous=repeats,
            flow=FlowMaps(**maps),
            lines=np.stack([self.notes.lines[:, 0], arrived - 1], axis=1),
            slp_frame_asked=None
            if mine_asked is None or other_asked is None
            else shown(mine_asked, other_asked),
        )


def observe(
    name: str,
    state: StateTable,
    events: Iterable[Picture | LogLine],
    collector: EvidenceCollector,
    folder: Path,
) -> ObservedGame:
    """Take notes on one game as a render does, and on its pictures when disturbed.

    Args:
        name: name of the replay.
        state: state of the game's T frames.
        events: events of the emulator.
        collector: takes the notes, as the emulator's set-up gives it.
        folder: folder in which two video files are written and left.
    """
    disturbed = {each: (Disturbed(each), FlowMeter()) for each in DISTURBANCES}
    small: list[npt.NDArray[np.uint8]] = []
    evidence = other = 0.0
    reencoded = folder / "reencoded.mp4"
    with (
        ChunkEncoder(folder / "chunk.mp4", VideoSettings()) as encoder,
        ChunkEncoder(reencoded, _REENCODED_SETTINGS) as coarse,
    ):
        for event in events:
            clock = time.thread_time()
            if not isinstance(event, Picture):
                collector.log(event)
                continue
            collector.picture(event)
            evidence += time.thread_time() - clock
            clock = time.thread_time()
            encoder.write(event.yuv)
            other += time.thread_time() - clock
            small.append(thumbnail(event.luma))
            if event.capture_index < state.num_frames:
                coarse.write(event.yuv)
                for disturb, meter in disturbed.values():
                    meter.add(disturb(event.luma))
        encoder.close()
        coarse.close()
    meter = FlowMeter()
    for luma in decode_luma(reencoded):
        meter.add(luma)
    maps = {each: pair[1].maps() for each, pair in disturbed.items()} | {REENCODED: meter.maps()}
    return ObservedGame(name, state, np.stack(small), collector.notes(), maps, evidence, other)


def save(game: ObservedGame, file: Path) -> None:
    """Save everything but the state to a file."""
    arrays = {
        "thumbnails": game.thumbnails,
        "stamp_levels": game.notes.stamp_levels,
        "repeats": game.notes.repeats_previous,
        "lines": game.notes.lines,
        "asked": np.zeros(0) if game.notes.slp_frame_asked is None else game.notes.slp_frame_asked,
        "seconds": np.array([game.evidence_seconds, game.other_seconds]),
    }
    for name, maps in {"": game.notes.flow, **game.disturbed}.items():
        arrays |= {f"flow/{name}/{part}": getattr(maps, part) for part in _PARTS}
    beside = file.with_suffix(".tmp.npz")
    np.savez(beside, **arrays)  # type: ignore[arg-type]
    beside.replace(file)


def load(name: str, state: StateTable, file: Path) -> ObservedGame:
    """Read back a game that `save` wrote."""
    with np.load(file) as arrays:
        flows = {
            each: FlowMaps(**{part: arrays[f"flow/{each}/{part}"] for part in _PARTS})
            for each in ("", *DISTURBANCES, REENCODED)
        }
        asked = arrays["asked"] if "asked" in arrays and arrays["asked"].size else None
        notes = GameNotes(arrays["stamp_levels"], arrays["repeats"], flows.pop(""), arrays["lines"], asked)
        evidence, other = arrays["seconds"].tolist()
        return ObservedGame(name, state, arrays["thumbnails"], notes, flows, evidence, other)
