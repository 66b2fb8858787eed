"""Holds the games of a scan against those that the dataset planned before: the same game is planned once.

Two players record one game in two files, and a file that is scanned while its game goes on is scanned again,
longer, when it is over. Their bytes differ, and so do the games' ids; the plan therefore keeps what tells
that they are one game.
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
    """Finds where a new recording disagrees with a planned one; None if it does not, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Outgrown:
    """A planned game that is not to be rendered any more.

    Attributes:
        game: as it was planned.
        reason: DUPLICATE where a longer recording of the same game takes its place, DESYNC where another one
            disagrees with it, SOURCE_CHANGED where its file holds another game now.
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
    """Leave out what is planned already under another id, and name the planned games that are outgrown.

    Of two recordings of one game the planned one stays, unless it is not committed and the new one is longer.
    Where the two disagree, the new one is left out, and the planned one ends unless it is committed.

    Args:
        catalogue: of the scan.
        planned: every game that the dataset planned before.
        status_of: how the ledger has a game, by its id; None if it has not.
        disagreement: compares a new recording with the planned one; None to believe that they agree.

    Returns:
        The catalogue without the newcomers that are left out, which it names; and the outgrown games.
    """
    before = {game.game_id: game for game in planned}
    by_key = {key: game for game in before.values() for key in _keys(game)}
    games: list[GameToPlan] = []
    left_out: list[LeftOut] = []
    outgrown: dict[str, Outgrown] = {}
    # A scan keeps one recording of each game and does not know the plan: it may leave out the planned one.
    put_back = {
        # Its players turned out to be in several splits only now; the plan is not changed for that.
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
    """The game with the split and the hashes that it has for good, whatever this scan would give it."""
    return dataclasses.replace(game, split=planned.split, player_hashes=planned.player_hashes)


def _keys(game: GameToPlan) -> list[str]:
    """What two recordings of one game have in common."""
    found = {"match": game.match_key, "play": game.play_key}
    return [f"{kind} {key}" for kind, key in found.items() if key is not None]


def _same_game(game: GameToPlan, by_key: dict[str, PlannedGame]) -> PlannedGame | None:
    return next((by_key[key] for key in _keys(game) if key in by_key), None)


def _changed(
    catalogue: Catalogue, before: dict[str, PlannedGame], known: Iterable[str]
) -> Iterable[PlannedGame]:
    """Planned games whose file was read in this scan and holds other bytes, while no file holds theirs."""
    seen = {game.source: game.game_id for game in catalogue.games}
    seen |= {left.source: left.game_id for left in catalogue.left_out if left.game_id is not None}
    ids = set(seen.values())
    for game in before.values():
        is_replaced = seen.get(game.source, game.game_id) != game.game_id
        if is_replaced and game.game_id not in ids and game.game_id not in known:
            yield game
