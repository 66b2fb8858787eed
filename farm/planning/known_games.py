"""Compares the games of a scan with games that the dataset planned before: each game is planned once.

Two players record one game in two files, and a file that is scanned while its game goes on is scanned again,
longer, when the game is over. The files' bytes differ, and so do the games' ids. Therefore the plan keeps
keys that show that two recordings are of one game.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.planning.duplicates import in_words
from farm.planning.scanned_replay import LeftOut
from manifests.ledger.entry import Status
from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from farm.planning.catalogue import Catalogue
    from manifests.ledger.plan import GameToPlan, PlannedGame
    from workers.replay.play import Difference

    FindDisagreement = Callable[[GameToPlan, PlannedGame], Difference | None]
    """Finds where a new recording disagrees with a planned one; None if it agrees, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Outgrown:
    """A planned game that should no longer be rendered.

    Attributes:
        game: the game as it was planned.
        reason: DUPLICATE if a longer recording of the same game takes its place, DESYNC if another recording
            disagrees with it, SOURCE_CHANGED if its file now holds another game.
        detail: one line for a person.
        successor: game_id of the recording that takes its place; None if none does.
    """

    game: PlannedGame
    reason: Reason
    detail: str
    successor: str | None


def against_plan(
    catalogue: Catalogue,
    planned: Iterable[PlannedGame],
    status_of: Callable[[str], Status | None],
    disagreement: FindDisagreement | None = None,
) -> tuple[Catalogue, tuple[Outgrown, ...]]:
    """Leave out games that are planned under another id, and return the planned games that are outgrown.

    Of two recordings of one game the planned one stays, unless it is not committed and the new one is longer.
    If the two disagree, the new one is left out, and the planned one is set aside unless the ledger has an
    entry for it.

    Args:
        catalogue: the scan's catalogue.
        planned: every game that the dataset planned before.
        status_of: returns a game's status in the ledger, by its id; None without an entry.
        disagreement: compares a new recording with the planned one; None to assume that they agree.

    Returns:
        The catalogue, in which the new recordings that lose are left out; and the outgrown games.
    """
    before = {game.game_id: game for game in planned}
    by_key = {key: game for game in before.values() for key in _keys(game)}
    games: list[GameToPlan] = []
    left_out: list[LeftOut] = []
    outgrown: dict[str, Outgrown] = {}
    # A scan keeps one recording of each game and does not know the plan, so it may leave out the planned one.
    put_back = {
        # Only this scan found the game's players in several splits; the plan is not changed for that.
        left.game_id: before[left.game_id]
        for left in catalogue.left_out
        if left.reason is Reason.ACROSS_SPLITS and left.game_id is not None and left.game_id in before
    }
    duplicates = {left.game_id for left in catalogue.left_out if left.reason is Reason.DUPLICATE}
    for game in catalogue.games:
        if game.game_id in before:
            games.append(_as_planned(game, before[game.game_id]))
            continue
        same = _same_game(game, by_key)
        if same is None:
            games.append(game)
        elif disagreement is not None and (difference := disagreement(game, same)) is not None:
            detail = in_words(difference, game.source, same.source)
            is_open = status_of(same.game_id) is None
            told = detail if is_open else f"{detail}; the latter has its ledger entry already"
            left_out.append(LeftOut(game.source, game.game_id, Reason.DESYNC, told))
            if is_open:
                outgrown[same.game_id] = Outgrown(same, Reason.DESYNC, detail, None)
        elif status_of(same.game_id) is Status.COMMITTED or game.num_frames <= same.num_frames:
            detail = f"another recording of this game is in the plan: {same.source}"
            left_out.append(LeftOut(game.source, game.game_id, Reason.DUPLICATE, detail))
            if same.game_id in duplicates:
                put_back[same.game_id] = same
        else:
            games.append(game)
            detail = f"a longer recording of this game takes its place: {game.source}"
            outgrown[same.game_id] = Outgrown(same, Reason.DUPLICATE, detail, game.game_id)
    for lost in _changed(catalogue, before, outgrown.keys()):
        if status_of(lost.game_id) is None:
            detail = f"{lost.source} holds another game now than the one that was planned"
            outgrown[lost.game_id] = Outgrown(lost, Reason.SOURCE_CHANGED, detail, None)
    left_out += [left for left in catalogue.left_out if left.game_id not in put_back]
    known = dataclasses.replace(
        catalogue,
        games=tuple(sorted([*games, *put_back.values()], key=lambda game: game.game_id)),
        left_out=tuple(sorted(left_out, key=lambda left: left.source)),
    )
    return known, tuple(outgrown.values())


def _as_planned(game: GameToPlan, planned: PlannedGame) -> GameToPlan:
    """Return the game with the split and hashes of its plan, whatever this scan would give it."""
    return dataclasses.replace(game, split=planned.split, player_hashes=planned.player_hashes)


def _keys(game: GameToPlan) -> list[str]:
    """Return the keys that two recordings of one game share."""
    found = {"match": game.match_key, "play": game.play_key}
    return [f"{kind} {key}" for kind, key in found.items() if key is not None]


def _same_game(game: GameToPlan, by_key: dict[str, PlannedGame]) -> PlannedGame | None:
    return next((by_key[key] for key in _keys(game) if key in by_key), None)


def _changed(
    catalogue: Catalogue, before: dict[str, PlannedGame], known: Iterable[str]
) -> Iterable[PlannedGame]:
    """Yield planned games whose file now holds other bytes, if no other file of the scan holds theirs."""
    seen = {game.source: game.game_id for game in catalogue.games}
    seen |= {left.source: left.game_id for left in catalogue.left_out if left.game_id is not None}
    ids = set(seen.values())
    for game in before.values():
        is_replaced = seen.get(game.source, game.game_id) != game.game_id
        if is_replaced and game.game_id not in ids and game.game_id not in known:
            yield game
