"""The alignment bench's trials on one observed game: faults put into it, shifts, and what notices them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from workers.align.faults import Fault, FaultKind, schedule
from workers.align.game_evidence import GameEvidence
from workers.align.motion.evidence import compare_motion, find_motion
from workers.align.motion.flow_maps import FlowMaps, join
from workers.align.motion.movers import tracks_of
from workers.align.verdict import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.bench._observed import ObservedGame
    from manifests.ledger.evidence import Evidence
    from workers.align.faults import FaultSchedule
    from workers.align.game_notes import Expectations

CLEAN: Final = "clean"
WITHOUT_STAMP: Final = "verdict without stamp"
VERDICT: Final = "verdict"
MAX_SHIFT: Final = 30
CHUNK_FRAMES: Final = 3600
_LENGTHS: Final = {FaultKind.FREEZE: 30, FaultKind.SLOW: 10}
_LENGTH: Final = 5
_SLIPS: Final = (5, 20, 60, 120, 240)  # frames; a shorter slip has less of the game's motion to show it


@dataclass(frozen=True, slots=True)
class FaultTrial:
    """The answer of one observer, or of the verdict, to one game with one fault or none.

    Attributes:
        fault: kind of fault, or CLEAN.
        observer: name of the evidence, or VERDICT, or WITHOUT_STAMP.
        answer: `agrees`, `disagrees` or `abstains`.
        late_frames: how many frames after the first broken pair the observer places the fault; None if it
            names no place.
        place: the fault in words, to look up missed faults.
    """

    fault: str
    observer: str
    answer: str
    late_frames: int | None
    place: str


@dataclass(frozen=True, slots=True)
class ShiftTrial:
    """The answer of motion alone to a stretch of pictures shifted by a known number of frames.

    Attributes:
        disturbance: the disturbance of the pictures, or CLEAN.
        stretch: `game` or `chunk`.
        num_frames: length of the stretch.
        shift: the right answer.
        answer: the offset that was found, or None if motion abstained.
        margin: margin of the finding.
    """

    disturbance: str
    stretch: str
    num_frames: int
    shift: int
    answer: int | None
    margin: float


@dataclass(frozen=True, slots=True)
class GameTrials:
    """All trials of one game.

    Attributes:
        name: name of the replay.
        faults: one entry per fault and observer.
        shifts: one entry per disturbance, stretch and shift.
        weighing_seconds: processor time that weighing the clean game took.
    """

    name: str
    faults: Sequence[FaultTrial]
    shifts: Sequence[ShiftTrial]
    weighing_seconds: float


def try_game(
    game: ObservedGame, other: ObservedGame, expectations: Expectations, num_places: int, seed: int
) -> GameTrials:
    """Try every kind of fault at random places, and motion alone under random shifts."""
    rng = np.random.default_rng(seed)
    clock = time.process_time()
    clean = GameEvidence(game.notes, expectations, game.state)
    trials = _answers(CLEAN, "", clean.whole(), None)
    weighing_seconds = time.process_time() - clock
    for start in range(0, game.state.num_frames, CHUNK_FRAMES):
        exclusive_end = min(start + CHUNK_FRAMES, game.state.num_frames)
        trials += _answers(f"{CLEAN} chunk", f"from {start}", clean.chunk(start, exclusive_end), None)
    for kind in FaultKind:
        for _ in range(num_places):
            fault, plan = _random_fault(kind, game, other, rng)
            notes = game.with_fault(plan, other)
            found = GameEvidence(notes, expectations, game.state).whole()
            name = f"{kind} for {fault.length}" if kind is FaultKind.SLIP else kind
            trials += _answers(name, str(fault), found, _first_broken(plan, game.state.num_frames))
    return GameTrials(game.name, trials, _shift_trials(game, num_places, rng), weighing_seconds)


def _random_fault(
    kind: FaultKind, game: ObservedGame, other: ObservedGame, rng: np.random.Generator
) -> tuple[Fault, FaultSchedule]:
    """Draw a fault that moves at least one pair of the game."""
    num_frames = game.state.num_frames
    while True:
        length = int(rng.integers(1, _LENGTHS.get(kind, _LENGTH) + 1))
        at = int(rng.integers(0, min(num_frames, other.num_pictures)))
        if kind is FaultKind.SLIP:
            length = int(rng.choice([slip for slip in _SLIPS if slip < num_frames // 2] or [1]))
        if kind is FaultKind.SHIFT:
            at, length = 0, int(rng.integers(1, MAX_SHIFT + 1)) * int(rng.choice([-1, 1]))
        fault = Fault(kind, at, length)
        plan = schedule(fault, game.num_pictures)
        if _first_broken(plan, num_frames) is not None:
            return fault, plan


def _first_broken(plan: FaultSchedule, num_frames: int) -> int | None:
    """Return the frame_index of the first pair that a schedule breaks; None if it breaks none.

    Pictures after the last frame repeat that frame, so they count as showing it.
    """
    shown = np.minimum(plan.source[:num_frames], num_frames - 1)
    broken = np.flatnonzero((shown != np.arange(num_frames)) | plan.is_other[:num_frames])
    return int(broken[0]) if broken.size else None


def _answers(
    fault: str, place: str, evidence: Sequence[Evidence], first_broken: int | None
) -> list[FaultTrial]:
    trials = []
    for item in evidence:
        answer = "disagrees" if item.disagrees else "agrees" if item.agrees else "abstains"
        where = item.first_disagreement_slp_frame
        late = None if where is None or first_broken is None else where - FIRST_SLP_FRAME - first_broken
        trials.append(FaultTrial(fault, item.name, answer, late, place))
    for name, heard in (
        (VERDICT, evidence),
        (WITHOUT_STAMP, [item for item in evidence if item.name != "stamp"]),
    ):
        if any(item.name == "count" for item in evidence):
            answer = "agrees" if decide(heard).aligned else "disagrees"
        else:
            answer = "disagrees" if any(item.disagrees for item in heard) else "agrees"
        trials.append(FaultTrial(fault, name, answer, None, place))
    return trials


def _shift_trials(game: ObservedGame, num_places: int, rng: np.random.Generator) -> list[ShiftTrial]:
    tracks, num = tracks_of(game.state), game.state.num_frames
    stretches = [("game", 0, num)] * max(num_places // 3, 1)
    stretches += [
        ("chunk", start, start + CHUNK_FRAMES)
        for start in range(0, num - CHUNK_FRAMES + 1, CHUNK_FRAMES // 2)
        if num > CHUNK_FRAMES
    ]
    trials = []
    for name, maps in {CLEAN: game.notes.flow.slice(0, num), **game.disturbed}.items():
        for stretch, start, exclusive_end in stretches:
            shift = int(rng.integers(-MAX_SHIFT, MAX_SHIFT + 1))
            pictures = _shifted(maps, start, exclusive_end, shift)
            comparison = compare_motion(pictures, tracks.slice(start, exclusive_end))
            found = find_motion(comparison, 0, exclusive_end - start)
            answer = found.evidence.offset_frames
            trials.append(ShiftTrial(name, stretch, exclusive_end - start, shift, answer, found.curve.margin))
    return trials


def _shifted(maps: FlowMaps, start: int, exclusive_end: int, shift: int) -> FlowMaps:
    """Return pictures [start, exclusive_end) of a stream in which picture k shows row k + shift."""
    length, num = exclusive_end - start, maps.num_pictures
    first, last = (min(max(end + shift, 0), num) for end in (start, exclusive_end))
    before = min(max(-(start + shift), 0), length)
    after = length - before - (last - first)
    return join([FlowMaps.still(before), maps.slice(first, last), FlowMaps.still(after)])
