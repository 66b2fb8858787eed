"""`farm parity`: tells whether two recordings of one match record the same game."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from workers.errors import EnvironmentFailed, ReplayRefused
from workers.printable import shown
from workers.replay import read_replay
from workers.replay.locator import NameKind, given_locator, kind_of_name, place_of
from workers.replay.play import first_difference, why_not_one_game
from workers.replay.source import FileUnread, read_source
from workers.replay.state import state_table

if TYPE_CHECKING:
    from manifests.state.table import StateTable
    from workers.replay import GameRecord
    from workers.replay.play import Difference

EXAMPLE = """\b
Examples:
  farm parity mine.slp theirs.slp
  farm parity mine.slp ranked.zip!theirs.slp --json
"""


@dataclass(frozen=True, slots=True)
class _Recording:
    """One of the two recordings: where it is, what it says of the game, and its confirmed frames."""

    source: str
    record: GameRecord
    table: StateTable

    def to_plain(self) -> dict[str, Any]:
        """Return the part of the answer that is about this recording."""
        return {
            "source": self.source,
            "slp_frame_start": self.table.first_slp_frame,
            "slp_frame_exclusive_end": self.table.exclusive_end_slp_frame,
            "rolled_back": self.record.num_rolled_back,
            "unfinalized": self.record.num_unfinalized,
        }


@click.command(epilog=EXAMPLE)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(first: str, second: str, as_json: bool) -> None:
    """Compare two players' recordings of one match, frame by frame.

    A and B are replays, which can also be in an archive, as ARCHIVE!NAME, or in a bucket, as s3://BUCKET/KEY.
    The command compares the frames that both have and that no rollback could change any more, in every column
    that both recorded. It does not matter how often a frame was written. `farm plan` sets recordings that
    differ aside as desync.

    Exit status: 0 the same, 1 they differ, 2 not one match, or one of them cannot be read.
    """
    one, other = _read(first), _read(second)
    why_not = why_not_one_game(one.record, other.record)
    if why_not is not None:
        message = f"{one.source} and {other.source} are not of one match: they differ in {why_not}"
        raise EnvironmentFailed(message)
    try:
        difference = first_difference(one.table, other.table)
    except ValueError as error:
        message = f"{one.source} and {other.source} cannot be compared: {error}"
        raise EnvironmentFailed(message) from error
    if as_json:
        click.echo(json.dumps(_to_plain(one, other, difference)))
    else:
        click.echo(_in_words(one, other, difference))
    sys.exit(0 if difference is None else 1)


def _read(given: str) -> _Recording:
    locator = given_locator(given)
    if place_of(locator).member is None and kind_of_name(locator) is NameKind.ARCHIVE:
        message = f"{shown(given)} is an archive; name the replay in it, as ARCHIVE!NAME"
        raise EnvironmentFailed(message)
    try:
        replay = read_replay(read_source(locator))
        return _Recording(shown(given), replay.record, state_table(replay))
    except ReplayRefused as refusal:
        message = f"{shown(given)}: {refusal.reason}: {refusal.detail}"
        raise EnvironmentFailed(message) from refusal
    except FileUnread as unread:
        message = f"{shown(given)}: {unread.why}; name a replay, ARCHIVE!NAME or s3://BUCKET/KEY"
        raise EnvironmentFailed(message) from unread


def _num_common(one: _Recording, other: _Recording) -> int:
    start = max(one.table.first_slp_frame, other.table.first_slp_frame)
    return min(one.table.exclusive_end_slp_frame, other.table.exclusive_end_slp_frame) - start


def _to_plain(one: _Recording, other: _Recording, difference: Difference | None) -> dict[str, Any]:
    return {
        "same": difference is None,
        "frames_compared": _num_common(one, other),
        "recordings": [one.to_plain(), other.to_plain()],
        "first_difference": difference
        and {
            "slp_frame": difference.slp_frame,
            "column": difference.column,
            "values": [difference.first, difference.second],
        },
    }


def _in_words(one: _Recording, other: _Recording, difference: Difference | None) -> str:
    if difference is None:
        same = f"the same: {_num_common(one, other):,} confirmed frames agree in every column that both have"
        return same + _unequal_lengths(one, other)
    return (
        f"they differ from slp_frame {difference.slp_frame} on, first in {difference.column}: "
        f"{difference.first} in {one.source}, {difference.second} in {other.source}"
    )


def _unequal_lengths(one: _Recording, other: _Recording) -> str:
    """Say how many frames each recording has, and which ends earlier; nothing if they are equally long."""
    if one.table.num_frames == other.table.num_frames:
        return ""
    counts = " and ".join(f"{each.source} has {each.table.num_frames:,}" for each in (one, other))
    first, last = sorted((one, other), key=lambda each: each.table.exclusive_end_slp_frame)
    gap = last.table.exclusive_end_slp_frame - first.table.exclusive_end_slp_frame
    return f"; {counts}" + (f": {first.source} ends {gap:,} frames earlier" if gap else "")
