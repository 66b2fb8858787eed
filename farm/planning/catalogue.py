"""Builds the catalogue: the games of some sources of replays, and why each other replay is left out.

    sources -> Found -> ScannedReplay (in parallel) -> accounts linked -> without duplicates -> by game_id
            -> the first N

Nothing is unpacked. Apart from the replays that are being read, only one small record per replay is in
memory.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from farm.planning.duplicates import drop_duplicates
from farm.planning.identities import accounts, pairing_of
from farm.planning.listing import PassedOver, list_replays
from farm.planning.public_source import public_source
from farm.planning.scanned_replay import LeftOut, ScannedReplay, scan_replay
from farm.planning.scanning import look_at_all
from farm.planning.selection import Selection
from farm.planning.splits import PLAYER, SplitRule, Traits
from manifests.ledger.plan import GameToPlan
from manifests.ledger.reasons import Reason
from workers.replay.locator import place_of
from workers.replay.source import is_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


__all__ = ["Catalogue", "LeftOut", "Selection", "build_catalogue"]

_SECONDS_PER_MEMBER = 0.0125  # to decompress one replay of a .tar.gz on the way to a later one
_SECONDS_TO_WARN = 60.0

_FEWEST_GAMES_TO_WARN, _MOST_OF_ONE_PAIRING = 20, 0.1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The games that some sources hold, and the replays that are left out.

    Attributes:
        games: Games to be planned, in order of game_id.
        left_out: Replays that are not planned and why, in order of source.
        num_beyond: Number of games that pass the selection but come after the first `max_games`.
        places: Locator of the replay of every game, by game_id, planned or not; a plan may hide part of it.
        largest_pairing: Number of games of the two players who have most games together; 0 without games.
        num_passed_over: Number of files in searched folders and archives that are named neither like a replay
            nor like an archive.
        splits: The rule by which the games are divided.
    """

    games: tuple[GameToPlan, ...]
    left_out: tuple[LeftOut, ...]
    num_beyond: int = 0
    places: Mapping[str, str] = field(default_factory=dict, repr=False)
    largest_pairing: int = 0
    num_passed_over: int = 0
    splits: SplitRule = field(default_factory=SplitRule)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before these games are planned, one line each, without players' names."""
        return (
            *self._across_splits(), *self._unnamed_players(), *self._large_pairing(), *self._slow_archives()
        )  # fmt: skip

    def _across_splits(self) -> Iterator[str]:
        num_across = sum(left.reason is Reason.ACROSS_SPLITS for left in self.left_out)
        if num_across:
            num_all = num_across + len(self.games) + self.num_beyond
            yield (
                f"splitting by player costs {num_across:,} of {num_all:,} games "
                f"({num_across / num_all:.1%}): their players are in different splits, so they are in none"
            )

    def _unnamed_players(self) -> Iterator[str]:
        num_unnamed = sum(None in game.player_hashes for game in self.games)
        if num_unnamed and self.splits.by == PLAYER:
            yield (
                f"{num_unnamed:,} of {len(self.games):,} games have a player whom the replay does not name; "
                "such a player cannot be held apart, and may be in several splits"
            )

    def _slow_archives(self) -> Iterator[str]:
        places = [place_of(self.places[game.game_id]) for game in self.games if game.game_id in self.places]
        counts = Counter(place.path for place in places if is_slow(place))
        seconds = sum(_SECONDS_PER_MEMBER * count * (count + 1) / 2 for count in counts.values())
        if seconds >= _SECONDS_TO_WARN:
            yield (
                f"{counts.total():,} games lie in archives that are read from their beginning (.tar.gz, .7z "
                f"and others): one by one they cost {seconds / 60:,.0f} min of reading. A run on one "
                "machine unpacks them once to scratch; on a cluster, unpack them first"
            )

    def _large_pairing(self) -> Iterator[str]:
        num_games = len(self.games)
        if num_games < _FEWEST_GAMES_TO_WARN or self.largest_pairing <= num_games * _MOST_OF_ONE_PAIRING:
            return
        yield (
            f"{self.largest_pairing:,} of {num_games:,} games are of one pairing of players, and all of one "
            "pairing go to one split, so the splits may be far from the fractions asked for; add replays of "
            "other players, or look with `farm inspect` whether these are really the same two people"
        )


def build_catalogue(
    sources: Sequence[str],
    selection: Selection,
    player_key: bytes,
    *,
    splits: SplitRule | None = None,
    num_workers: int | None = None,
    keep_paths: bool = False,
    on_progress: Callable[[int, int], None] = lambda _looked_at, _passed: None,
) -> Catalogue:
    """Read every replay of the sources; the result does not depend on the order or speed of reading.

    Args:
        sources: Folders, globs, files, archives and s3:// prefixes; see `farm.planning.listing`.
        selection: Which games are wanted.
        player_key: The dataset's secret, see `farm.planning.player_key`.
        splits: Rule by which games are divided; by default val and test each get 5 % of pairings.
        num_workers: Processes that read; None for one per CPU, 0 to read in this process.
        keep_paths: Also write down paths that name a player.
        on_progress: Called from this process with (replays looked at, games that pass).

    Raises:
        EnvironmentFailed: If a source is missing, or a worker process breaks.
    """
    rule = splits or SplitRule()
    seen: list[ScannedReplay] = []
    left_out: list[LeftOut] = []
    scan = partial(scan_replay, selection=selection, key=player_key, keep_paths=keep_paths)
    passed_over = PassedOver()
    for outcome in look_at_all(list_replays(sources, passed_over), scan, num_workers):
        if isinstance(outcome, ScannedReplay):
            seen.append(outcome)
        else:
            source = outcome.source if keep_paths else public_source(outcome.source)
            left_out.append(replace(outcome, source=source))
        on_progress(len(seen) + len(left_out), len(seen))
    return assemble_catalogue(seen, left_out, selection, player_key, rule, passed_over.count)


def assemble_catalogue(
    seen: Sequence[ScannedReplay],
    left_out: Sequence[LeftOut],
    selection: Selection,
    player_key: bytes,
    splits: SplitRule,
    num_passed_over: int = 0,
) -> Catalogue:
    """Make the catalogue from a scan: link accounts, drop duplicates, divide, take the first games.

    The arguments are those of `build_catalogue` and the fields of `Catalogue`.
    """
    distinct, duplicates = drop_duplicates(link_accounts(seen, left_out, player_key))
    placed, across = _divide(distinct, splits)
    chosen = placed[: selection.max_games]
    return Catalogue(
        games=tuple(_to_plan(scanned, split) for scanned, split in chosen),
        left_out=tuple(sorted([*left_out, *duplicates, *across], key=lambda left: left.source)),
        num_beyond=len(placed) - len(chosen),
        places={
            scanned.game_id: scanned.place  # of equal files the first by name, as in `drop_duplicates`
            for scanned in sorted(seen, key=lambda one: one.source, reverse=True)
        },
        largest_pairing=max(Counter(scanned.pairing for scanned, _ in chosen).values(), default=0),
        num_passed_over=num_passed_over,
        splits=splits,
    )


def link_accounts(
    seen: Iterable[ScannedReplay], left_out: Iterable[LeftOut], key: bytes
) -> list[ScannedReplay]:
    """Replace the hash of a connect code by the hash of its account, if a replay links the two."""
    seen = list(seen)
    links = itertools.chain((one.links for one in seen), (one.links for one in left_out))
    known = accounts(itertools.chain.from_iterable(links))
    linked = []
    for scanned in seen:
        hashes = tuple(who and known.get(who, who) for who in scanned.player_hashes)
        pairing = pairing_of(key, hashes) if hashes != scanned.player_hashes else None
        linked.append(replace(scanned, player_hashes=hashes, pairing=pairing or scanned.pairing))
    return linked


def _divide(
    distinct: Iterable[ScannedReplay], rule: SplitRule
) -> tuple[list[tuple[ScannedReplay, str]], list[LeftOut]]:
    """Give each game its split; leave out games that are in none, because their players are in several."""
    placed: list[tuple[ScannedReplay, str]] = []
    across: list[LeftOut] = []
    for scanned in distinct:
        traits = Traits(scanned.pairing, scanned.stage_name, scanned.characters_seen, scanned.player_hashes)
        split = rule.split_of(traits)
        if split is None:
            detail = f"its players, or what is held out, are in different splits by {rule}"
            across.append(LeftOut(scanned.source, scanned.game_id, Reason.ACROSS_SPLITS, detail))
        else:
            placed.append((scanned, split))
    return placed, across


def _to_plan(scanned: ScannedReplay, split: str) -> GameToPlan:
    return GameToPlan(
        game_id=scanned.game_id,
        source=scanned.source,
        num_frames=scanned.num_frames,
        split=split,
        stage_name=scanned.stage_name,
        characters=scanned.characters,
        player_hashes=scanned.player_hashes,
        match_key=scanned.match_key,
        play_key=scanned.play_key,
        play_sha256=scanned.play_sha256,
    )
