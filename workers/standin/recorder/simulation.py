"""Play a whole match from its options: set-up, pilots, and the snapshots that rollback needs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from manifests.state.schema import FIRST_SLP_FRAME
from workers.replay.stage_geometry import LEGAL_STAGES, STAGES, Stage
from workers.standin.recorder.dice import Dice, Draws
from workers.standin.recorder.match import Match
from workers.standin.recorder.netplay import Played, Rollback, RollbackPlanner
from workers.standin.recorder.options import MAX_FRAMES, RecordOptions
from workers.standin.recorder.pad import NEUTRAL, Pad
from workers.standin.recorder.pilot import Pilot
from workers.standin.recorder.roster import BY_EXTERNAL_ID, ROSTER, Character
from workers.standin.recorder.stage_script import StageScript


@dataclass(frozen=True)
class Setup:
    """The set-up of a match: the options, with all open values drawn."""

    options: RecordOptions
    stage: Stage
    characters: tuple[Character, Character]
    costumes: tuple[int, int]
    rng_seed: int
    remote: int


def set_up(options: RecordOptions) -> Setup:
    """Draw the values that the options leave open; all are always drawn, so that no option changes others."""
    dice = Dice(options.seed, Draws.SETUP)
    stage_id = dice.pick(LEGAL_STAGES)
    drawn = (dice.pick(ROSTER), dice.pick(ROSTER))
    rng_seed = dice.below(65536)
    remote = dice.below(2)
    if options.characters is not None:
        drawn = (BY_EXTERNAL_ID[options.characters[0]], BY_EXTERNAL_ID[options.characters[1]])
    first = dice.below(drawn[0].num_costumes)
    second = dice.below(drawn[1].num_costumes)
    if drawn[0] is drawn[1] and first == second:
        second = (second + 1) % drawn[1].num_costumes
    stage = STAGES[stage_id if options.stage is None else options.stage]
    return Setup(options, stage, drawn, (first, second), rng_seed, remote)


def play(setup: Setup) -> Played:
    """Play the match to its end."""
    options = setup.options
    script = StageScript(setup.stage, Dice(options.seed, Draws.STAGE))
    match = Match(
        script, setup.stage, setup.characters, options.ports, stocks=options.stocks, seed=setup.rng_seed
    )
    pilots = (Pilot(0, Dice(options.seed, Draws.PILOT_0)), Pilot(1, Dice(options.seed, Draws.PILOT_1)))
    planner = RollbackPlanner(options.rollback_share, Dice(options.seed, Draws.NETPLAY))
    frames, pads, rollbacks = [], [], []
    snapshots: dict[int, Match] = {}
    newest: deque[tuple[int, Match]] = deque(maxlen=options.unfinalised_tail)
    before: tuple[Pad, Pad] = (NEUTRAL, NEUTRAL)
    current: Rollback | None = None
    exclusive_end = FIRST_SLP_FRAME + (options.num_frames or MAX_FRAMES)
    for slp_frame in range(FIRST_SLP_FRAME, exclusive_end):
        now = (pilots[0].think(match), pilots[1].think(match))
        begins = planner.consider(slp_frame, remote_changed=now[setup.remote] != before[setup.remote])
        if begins is not None:
            rollbacks.append(begins)
            current = begins
        if current is not None and slp_frame in (
            current.first_slp_frame,
            current.first_slp_frame + current.settled,
        ):
            snapshots[slp_frame] = match.copy()
        if options.unfinalised_tail:
            newest.append((slp_frame, match.copy()))
        frames.append(match.step(slp_frame, now))
        pads.append(now)
        before = now
        if match.is_over:
            break
    snapshots.update(newest)
    return Played(frames, pads, rollbacks, snapshots, setup.remote)
