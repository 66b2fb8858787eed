"""Turns a catalogue of replays into a dataset's plan; writes dataset.json and plan before rendering."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from farm.planning.duplicates import difference_of
from farm.planning.known_games import against_plan
from farm.planning.player_key import key_fingerprint, player_key
from farm.planning.scanned_replay import LeftOut
from farm.planning.splits import SplitRule
from manifests.errors import RecordRefused
from manifests.ledger.dataset import (
    DatasetDescription,
    Rectangle,
    VideoContract,
    open_or_create,
    read_description,
)
from manifests.ledger.entry import (
    LedgerEntry,
    Status,
    done_game_ids,
    read_entries,
    read_entry,
    withdraw,
    write_entry,
)
from manifests.ledger.plan import append_plan, planned_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.reader import compiled_game_ids
from manifests.state.schema import SCHEMA_VERSION as STATE_SCHEMA_VERSION
from manifests.store.keys import DATASET_KEY
from manifests.video.stamp import SEED_COLUMN, stamp_rectangle
from workers.errors import EnvironmentFailed
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.publish import run_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.planning.catalogue import Catalogue
    from farm.planning.known_games import Outgrown
    from manifests.ledger.plan import GameToPlan, PlannedGame
    from manifests.store.contract import Store
    from workers.job import RenderSettings
    from workers.rendering.emulator_setup import EmulatorSetup
    from workers.replay.play import Difference

# A replay that is not wanted this time may be wanted next time; a ledger entry would rule it out for good.
_NOT_FOR_THE_LEDGER = frozenset(
    {Reason.FILTERED, Reason.ACROSS_SPLITS, Reason.DUPLICATE, Reason.STILL_RECORDED}
)
_ABOUT_THE_FILE = frozenset({Reason.SOURCE_CHANGED, Reason.SOURCE_MISSING})


def key_of_dataset(store: Store, url: str) -> bytes:
    """Find the key with which the dataset's players are hashed, or make one if the dataset has not begun.

    Raises:
        EnvironmentFailed: the dataset was begun with a key that is missing here; see `player_key`.
        DatasetError: dataset.json cannot be read.
    """
    return player_key(url, _begun(store))


def rule_of_dataset(store: Store, asked: SplitRule | None) -> SplitRule:
    """Return the rule by which a dataset's games are divided: its own, else the one asked for.

    Args:
        store: the dataset's store.
        asked: the rule that the user asks for; None for the dataset's own rule, or the default.

    Raises:
        EnvironmentFailed: the dataset is divided by another rule than the one asked for.
        DatasetError: dataset.json cannot be read.
    """
    begun = _begun(store)
    if begun is None or begun.splits is None:
        return asked or SplitRule()
    try:
        own = SplitRule.of_contract(begun.splits)
    except ValueError as error:
        message = f"{store.url}/{DATASET_KEY}: splits: {error}; it was changed after it was written"
        raise RecordRefused(message) from error
    if asked is not None and asked != own:
        message = (
            f"{store.url}: its games are divided by {own}, and asked for is {asked}: some games would be in "
            "two splits; leave these options out (the dataset's own rule is used), or give another output"
        )
        raise EnvironmentFailed(message)
    return own


def _begun(store: Store) -> DatasetDescription | None:
    """Read dataset.json; return None if the dataset has not begun."""
    return None if store.head(DATASET_KEY) is None else read_description(store)


def begin_dataset(
    store: Store,
    settings: RenderSettings,
    set_up: EmulatorSetup,
    fingerprint: Mapping[str, str],
    key: bytes,
    splits: SplitRule,
) -> DatasetDescription:
    """Write dataset.json, or check that the existing one was made by the same settings.

    Args:
        store: the dataset's store.
        settings: the run's settings.
        set_up: the emulator that will render.
        fingerprint: versions and settings that decide the pixels; empty if they are not known yet.
        key: the key with which players are hashed.
        splits: the rule by which games are divided; see `rule_of_dataset`.

    Raises:
        EnvironmentFailed: as for `begin`.
        DatasetError: the store holds something else, or a dataset of other settings.
    """
    return begin(store, describe(settings, set_up, fingerprint), key, splits)


def begin(store: Store, description: DatasetDescription, key: bytes, splits: SplitRule) -> DatasetDescription:
    """Write dataset.json from a description, the key's fingerprint and the splits, or check the existing one.

    Raises:
        EnvironmentFailed: somebody else began the dataset at the same moment, with another key or other
            splits.
        DatasetError: the store holds something else, or a dataset of other settings.
    """
    ours = replace(description, player_key_sha256=key_fingerprint(key), splits=splits.to_contract())
    found = open_or_create(store, ours)
    for name, what in (("player_key_sha256", "another player key"), ("splits", "other splits")):
        if getattr(found, name) not in (None, getattr(ours, name)):
            message = f"{store.url}: somebody else began it meanwhile, with {what}; run again"
            raise EnvironmentFailed(message)
    return found


def write_plan(
    store: Store, catalogue: Catalogue, frames_per_chunk: int
) -> tuple[tuple[PlannedGame, ...], Catalogue]:
    """Append the catalogue's new games to the plan, and set aside replays that can never be rendered.

    A planned game is set aside if a longer recording of it was found, or if its file now holds another game;
    otherwise it would stay pending for ever.

    Returns:
        The games that were not in the plan before, and the catalogue without games that are in the plan under
        another id.

    Raises:
        DatasetError: the store failed.
    """
    known, outgrown = hold_against_plan(store, catalogue)
    for old in outgrown:
        entry = LedgerEntry.set_aside(
            old.game.game_id, old.reason, old.detail, split=old.game.split, run=run_record(1, {})
        )
        if not write_entry(store, entry) and _status_in(store, old.game.game_id) is Status.COMMITTED:
            known = _without(known, old)  # a worker was faster: the shorter recording is committed
    for game_id in _back_again(store, known):
        withdraw(store, game_id)
    record_left_out(store, known.left_out)
    return append_plan(store, known.games, frames_per_chunk), known


def _back_again(store: Store, catalogue: Catalogue) -> list[str]:
    """Return games set aside because their file had changed or gone, and whose bytes are back."""
    committed = compiled_game_ids(store)
    given = {game.game_id for game in catalogue.games}
    # These are all entries that finalize will read: a damaged one is reported now, not after all is rendered.
    others = read_entries(store, (each for each in done_game_ids(store) if each not in committed))
    return [entry.game_id for entry in others if entry.reason in _ABOUT_THE_FILE and entry.game_id in given]


def hold_against_plan(store: Store, catalogue: Catalogue) -> tuple[Catalogue, tuple[Outgrown, ...]]:
    """Find games of a catalogue that the dataset has planned under another id; nothing is written.

    Raises:
        DatasetError: the plan or the ledger cannot be read.
    """
    disagreement = partial(_disagreement, catalogue.places)
    return against_plan(catalogue, planned_games(store), partial(_status_in, store), disagreement)


def _disagreement(places: Mapping[str, str], game: GameToPlan, planned: PlannedGame) -> Difference | None:
    """Return where a new recording disagrees with the planned one; None also if that cannot be read."""
    if game.play_sha256 == planned.play_sha256:
        return None
    try:
        return difference_of(
            places.get(game.game_id, game.source), places.get(planned.game_id, planned.source)
        )
    except EnvironmentFailed:
        return None  # the planned file is no longer where it was, or its path is hidden


def _status_in(store: Store, game_id: str) -> Status | None:
    entry = read_entry(store, game_id)
    return None if entry is None else entry.status


def _without(catalogue: Catalogue, old: Outgrown) -> Catalogue:
    """Return the catalogue without the recording that was to take a game's place."""
    late = [game for game in catalogue.games if game.game_id == old.successor]
    detail = f"another recording of this game is committed: {old.game.source}"
    left = [LeftOut(game.source, game.game_id, Reason.DUPLICATE, detail) for game in late]
    games = tuple(game for game in catalogue.games if game.game_id != old.successor)
    return replace(catalogue, games=games, left_out=(*catalogue.left_out, *left))


def describe(
    settings: RenderSettings,
    set_up: EmulatorSetup,
    fingerprint: Mapping[str, str],
) -> DatasetDescription:
    """Return the dataset.json of the dataset that these settings make with this emulator."""
    is_stamped = set_up.has_stamp and not set_up.crop_rows
    return DatasetDescription(
        emulator=settings.emulator,
        frames_per_chunk=settings.frames_per_chunk,
        video=VideoContract(
            width=set_up.width,
            height=set_up.height,
            gop_frames=GOP_FRAMES,
            crf=settings.video.crf,
            preset=settings.video.preset,
        ),
        stamp=Rectangle(*stamp_rectangle(set_up.width, set_up.height)) if is_stamped else None,
        stamp_seed_column=SEED_COLUMN if is_stamped and set_up.has_seed else None,
        picture_delay_frames=set_up.state_delay,
        state_schema=str(STATE_SCHEMA_VERSION),
        fingerprints=fingerprint,
        marks_key_frames=True,
    )


def goes_into_ledger(left: LeftOut) -> bool:
    """Return whether a left-out replay can never be rendered, so that the ledger should say so for good."""
    return left.game_id is not None and left.reason not in _NOT_FOR_THE_LEDGER


def record_left_out(store: Store, left_out: Sequence[LeftOut]) -> None:
    """Write a ledger entry for every replay that can never be rendered, unless its game has one."""
    for left in left_out:
        if left.game_id is None or not goes_into_ledger(left):
            continue
        entry = LedgerEntry.set_aside(left.game_id, left.reason, left.detail, run=run_record(1, {}))
        write_entry(store, entry)
