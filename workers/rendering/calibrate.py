"""Measure an emulator's constants on one game, which is recorded here or given by the user."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Final

from workers.align.calibration import Calibration, fingerprint_sha256
from workers.align.game_evidence import GameEvidence
from workers.align.log import usual_lag
from workers.emulator.contract import Picture
from workers.errors import EnvironmentFailed
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.scratch import scratch
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.evidence import Evidence
    from workers.emulator.contract import Deadlines
    from workers.rendering.emulator_setup import EmulatorSetup
    from workers.replay import Replay

SEED: Final = 20  # the recorded match's seed; any other would do
NUM_FRAMES: Final = 1923  # half a minute of play: ten times as much as motion needs to be sure


def measure_constants(
    set_up: EmulatorSetup,
    deadlines: Deadlines,
    scratch_base: Path | None = None,
    replay: Replay | None = None,
) -> tuple[Calibration, tuple[Evidence, ...]]:
    """Render a game with much motion, and measure the emulator's constants on it.

    Args:
        set_up: the emulator to measure.
        deadlines: how long it may take.
        scratch_base: folder for scratch folders.
        replay: the game; None for a match recorded here, which only the stand-in can play, as Melee would
            compute another match from its inputs.

    Returns:
        The constants, and the evidence on that game, in which they are used to judge the log.

    Raises:
        EnvironmentFailed: count, stamp or motion do not agree on this game, so it cannot be used for
            calibration.
        ReplayRefused: the replay cannot be rendered.
        EmulatorFailed: the emulator did not play it.
    """
    replay = replay or read_replay(record_match(SEED, num_frames=NUM_FRAMES))
    state = renderable(replay)
    collector = set_up.collector()
    with (
        scratch(scratch_base) as folder,
        set_up.emulator.play(set_up.boot_image(replay, state), folder, deadlines) as events,
    ):
        for event in events:
            if isinstance(event, Picture):
                collector.picture(event)
            else:
                collector.log(event)
    against = [item for item in collector.finish(state) if not item.agrees and item.name != "log"]
    if against:
        seen = "; ".join(str(item) for item in against)
        message = f"{set_up.emulator.name} cannot be calibrated, it shows a known game wrongly: {seen}"
        raise EnvironmentFailed(message)
    notes = collector.notes()
    lag = usual_lag(notes.lines[:, 0], notes.lines[:, 1])
    motion = collector.motion(state)
    calibration = Calibration(
        emulator=set_up.emulator.name,
        fingerprint=fingerprint_sha256(set_up.fingerprint()),
        log_lag=None if lag is None else lag[0],
        log_share=0.0 if lag is None else lag[1],
        motion_gain=round(motion.gain, 4),
        num_frames=state.num_frames,
        camera=astuple(motion.camera),
    )
    calibrated = replace(collector.expectations, expected_lag=calibration.log_lag)
    return calibration, GameEvidence(notes, calibrated, state).whole()
