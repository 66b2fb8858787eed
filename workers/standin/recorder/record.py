"""Record one match: take options, and return the bytes of a .slp file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from workers.standin.recorder.dice import Dice, Draws
from workers.standin.recorder.netplay import Instance, Played, instances
from workers.standin.recorder.options import RecordOptions
from workers.standin.recorder.simulation import Setup, play, set_up
from workers.standin.recorder.slp_file import slp_bytes


class Choices(TypedDict, total=False):
    """Options of `record_match` besides seed, stage and number of frames; see `RecordOptions`."""

    characters: tuple[int, int] | None
    ports: tuple[int, int]
    stocks: int
    rollback_share: float
    unfinalised_tail: int
    has_game_end: bool
    has_metadata: bool
    has_gecko_list: bool
    cut_bytes: int


@dataclass(frozen=True)
class Recording:
    """A recorded file, with the drawn options, the match as it went, and every version as written."""

    data: bytes = field(repr=False)
    setup: Setup
    played: Played = field(repr=False)
    written: tuple[Instance, ...] = field(repr=False)


def record(options: RecordOptions) -> Recording:
    """Simulate one match, and write it."""
    setup = set_up(options)
    played = play(setup)
    dice = Dice(options.seed, Draws.WRITING)
    written = tuple(instances(played, unfinalised_tail=options.unfinalised_tail, dice=dice))
    return Recording(slp_bytes(setup, written, played.frames[-1]), setup, played, written)


def record_match(
    seed: int, *, stage: int | None = None, num_frames: int | None = None, **choices: Unpack[Choices]
) -> bytes:
    """Record one match as a .slp file of version 3.18 that conforms to Slippi's spec.

    Args:
        seed: Decides everything that is not given. The same arguments give the same bytes on any machine.
        stage: External stage id, one of the six legal ones.
        num_frames: Frames of the match; see `RecordOptions`.
        **choices: The other fields of `RecordOptions`.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: An option is out of its range.
    """
    return record(RecordOptions(seed, stage, num_frames, **choices)).data
