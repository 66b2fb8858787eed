"""Keeps one recording of each game; if recordings of one game disagree, keeps none of them.

Two players record one game in two files. If both files are whole, they agree on every confirmed frame. If
they do not, one of them is corrupt, or the two games diverged (a desync), and nothing in the files says which
is right. So none of them becomes part of the dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farm.planning.scanned_replay import LeftOut
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import read_replay
from workers.replay.play import first_difference
from workers.replay.source import read_source
from workers.replay.state import state_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from farm.planning.scanned_replay import ScannedReplay
    from manifests.state.table import StateTable
    from workers.replay.play import Difference

    Compare = Callable[[str, str], Difference | None]
    """Finds where the replays at two places first disagree; None if they agree."""

_MOST_NAMED: Final = 8  # most further recordings named in one line for a person


def difference_of(first: str, second: str) -> Difference | None:
    """Read the replays at two places, and find where they first disagree; None if they agree.

    Raises:
        EnvironmentFailed: one of the replays can no longer be read.
    """
    one, other = _states(first), _states(second)
    return first_difference(one, other)


def _states(place: str) -> StateTable:
    try:
        return state_table(read_replay(read_source(place)))
    except ReplayRefused as refusal:
        message = f"{place}: it was a whole replay a moment ago, and now: {refusal}; plan again"
        raise EnvironmentFailed(message) from refusal


def drop_duplicates(
    seen: Iterable[ScannedReplay], compare: Compare = difference_of
) -> tuple[list[ScannedReplay], list[LeftOut]]:
    """Keep one replay of each game; return those kept, by game_id, and the others with the reason.

    Two replays are of one game if they have the same bytes; the same online match, game and tiebreak; or the
    same beginning, which both players' own recordings of a game share. The longest recording is kept, and of
    equally long ones the first by game_id; but none is kept if two of them disagree.

    Args:
        seen: the games that a scan found.
        compare: is called only for recordings whose `play_sha256` differ. Two states are held at a time.

    Raises:
        EnvironmentFailed: as for `compare`.
    """
    kept: list[ScannedReplay] = []
    left_out: list[LeftOut] = []
    for group in _by_game(sorted(seen, key=lambda one: (-one.num_frames, one.game_id, one.source))):
        detail = _disagreement(group, compare)
        if detail is None:
            kept.append(group[0])
            left_out += [_duplicate(other, group[0]) for other in group[1:]]
        else:
            left_out += [LeftOut(each.source, each.game_id, Reason.DESYNC, detail) for each in group]
    return sorted(kept, key=lambda one: one.game_id), left_out


def _keys(scanned: ScannedReplay) -> dict[str, str]:
    """Return the keys that recordings of one game share, each with words for people."""
    keys = {scanned.game_id: "these bytes", f"play {scanned.play_key}": "this game by its beginning"}
    if scanned.match_key:
        keys[f"match {scanned.match_key}"] = "this online game"
    return keys


def _by_game(ordered: Sequence[ScannedReplay]) -> list[list[ScannedReplay]]:
    """Group the recordings that share a key, directly or through others; each group is in order."""
    parents = list(range(len(ordered)))
    first_with: dict[str, int] = {}
    for place, scanned in enumerate(ordered):
        for key in _keys(scanned):
            roots = _root(parents, place), _root(parents, first_with.setdefault(key, place))
            parents[max(roots)] = min(roots)
    groups: dict[int, list[ScannedReplay]] = {}
    for place, scanned in enumerate(ordered):
        groups.setdefault(_root(parents, place), []).append(scanned)
    return list(groups.values())


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = place = parents[parents[place]]
    return place


def _disagreement(group: Sequence[ScannedReplay], compare: Compare) -> str | None:
    """Say where recordings of one game disagree; return None if they agree.

    Each is compared with the first, which is the longest: recordings that wholly agree with it also agree
    with each other.
    """
    reference = group[0]
    by_play = {each.play_sha256: each for each in reversed(group)}
    by_play.pop(reference.play_sha256, None)
    found = [
        (difference, other)
        for other in by_play.values()
        if (difference := compare(reference.place, other.place)) is not None
    ]
    if not found:
        return None
    difference, other = min(found, key=lambda pair: (pair[0].slp_frame, pair[1].game_id))
    text = in_words(difference, reference.source, other.source)
    rest = [each.source for each in group if each not in (reference, other)]
    if rest:
        text += f"; set aside with them: {', '.join(rest[:_MOST_NAMED])}"
    return text + (f" and {len(rest) - _MOST_NAMED} more" if len(rest) > _MOST_NAMED else "")


def in_words(difference: Difference, first: str, second: str) -> str:
    """Say for a person where the recordings of these two sources disagree."""
    return (
        f"recordings of one game disagree from frame {difference.slp_frame} on, first in "
        f"{difference.column}: {difference.first} in {first}, {difference.second} in {second}"
    )


def _duplicate(other: ScannedReplay, kept: ScannedReplay) -> LeftOut:
    shared = [what for key, what in _keys(other).items() if key in _keys(kept)]
    detail = f"another replay has {shared[0] if shared else 'this game'}"
    return LeftOut(other.source, other.game_id, Reason.DUPLICATE, detail)
