"""The job that measures how many bytes a replay's videos take at several qualities; no video is kept.

source -> Replay -> StateTable -> emulator -> pictures -> an encoder for each CRF -> sizes
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.state.file import states_bytes
from workers.emulator.contract import Picture
from workers.errors import RenderFailed, ReplayRefused
from workers.job import planned_replay
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.replay.renderable import renderable
from workers.scratch import scratch

if TYPE_CHECKING:
    from manifests.ledger.reasons import Reason
    from workers.job import RenderSettings, RenderTask

TRIED_CRFS: Final = (18.0, 23.0, 28.0, 33.0)
MAX_FRAMES: Final = 1800
"""How many frames of a game are measured, from its first frame on."""


@dataclass(frozen=True, slots=True)
class RatesResult:
    """The result for one game: the bytes of its videos and states.

    Attributes:
        game_id: the game's id.
        status: `committed` if it was measured, otherwise `set_aside` or `attempt_failed`, as in other jobs.
        reason: why it was not measured; None if it was.
        detail: one line for a person.
        num_frames: number of measured frames.
        bytes_by_crf: pairs of a CRF and the bytes of videos and states together.
    """

    game_id: str
    status: str
    reason: Reason | None
    detail: str
    num_frames: int
    bytes_by_crf: tuple[tuple[float, int], ...] = ()


def measure_rates(task: RenderTask, settings: RenderSettings) -> RatesResult:
    """Play the beginning of a game, and encode its pictures at each of TRIED_CRFS.

    Raises:
        EnvironmentFailed: this machine cannot do the work.
    """
    try:
        return _measured(task, settings)
    except ReplayRefused as refusal:
        return RatesResult(task.game_id, "set_aside", refusal.reason, refusal.detail, task.num_frames)
    except RenderFailed as failure:
        status = "set_aside" if task.is_last_attempt else "attempt_failed"
        return RatesResult(task.game_id, status, failure.reason, failure.detail, task.num_frames)


def _measured(task: RenderTask, settings: RenderSettings) -> RatesResult:
    replay = planned_replay(task)
    state = renderable(replay)
    num_frames = min(state.num_frames, MAX_FRAMES)
    set_up = settings.set_up()
    with scratch(settings.scratch_base) as folder, ExitStack() as stack:
        videos = {crf: folder / f"crf-{crf:g}.mp4" for crf in TRIED_CRFS}
        encoders = [
            stack.enter_context(
                ChunkEncoder(
                    video,
                    VideoSettings(crf, settings.video.preset),
                    width=set_up.width,
                    height=set_up.height,
                )
            )
            for crf, video in videos.items()
        ]
        boot = set_up.boot_image(replay, state)
        with set_up.emulator.play(boot, folder, settings.deadlines) as events:
            pictures = (event for event in events if isinstance(event, Picture))
            for _, picture in zip(range(num_frames), pictures, strict=False):
                for encoder in encoders:
                    encoder.write(picture.without_bottom(set_up.crop_rows))
        for encoder in encoders:
            encoder.close()
        states = len(states_bytes(state.slice(0, num_frames)))
        sizes = tuple((crf, video.stat().st_size + states) for crf, video in videos.items())
    return RatesResult(task.game_id, "committed", None, "measured", num_frames, sizes)
