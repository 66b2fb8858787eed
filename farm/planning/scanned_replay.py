"""Scans one replay for the catalogue: this part of planning can run in any process."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farm.planning.identities import links_of, pairing_of
from farm.planning.player_key import keyed_hash, player_hash
from farm.planning.public_source import public_source
from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.facts import characters_seen
from workers.replay.locator import place_of
from workers.replay.play import play_sha256
from workers.replay.renderable import renderable
from workers.replay.source import FileUnread, read_source

if TYPE_CHECKING:
    import os

    from farm.planning.identities import Links
    from farm.planning.selection import Selection
    from manifests.state.table import StateTable
    from workers.replay import GameRecord, Replay
    from workers.replay.identity import Identity

# Players can act in the last 1.5 s of these: a file that was cut later has the same opening.
_OPENING_FRAMES = 180
_GROWING_SECONDS = 60.0  # a recorder writes every frame, so the recording of an older file is over
_OPENING_COLUMNS = ("buttons", "main_x", "main_y", "c_x", "c_y", "x", "y", "action")


@dataclass(frozen=True, slots=True)
class Found:
    """A replay that a listing found; `data` is set only if it would cost much to read it again."""

    locator: str
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class ScannedReplay:
    """A game that can be rendered and is wanted. It has no names of players, only keyed hashes.

    Attributes:
        place: The replay's locator, with which to read it.
        source: The locator as it may be published; see `farm.planning.public_source`.
        game_id: sha256 of the replay's bytes.
        num_frames: Number of rows of its state.
        stage_name: libmelee's name.
        characters: libmelee's names, by port.
        player_hashes: Keyed hash of each player, by port; None if the replay does not say who it was.
        match_key: Key of the game on Slippi's servers; None if it was not played there.
        play_key: Hash of how the game begins: equal for two recordings of one game, even if their bytes
            differ.
        pairing: Keyed hash of who played; see `farm.planning.splits`.
        links: What the replay tells about accounts; see `farm.planning.identities`.
        characters_seen: libmelee's names of the characters in its frames, without repetition.
        play_sha256: Hash of how the whole game went; see `workers.replay.play`.
    """

    place: str
    source: str
    game_id: str
    num_frames: int
    stage_name: str
    characters: tuple[str, ...]
    player_hashes: tuple[str | None, ...]
    match_key: str | None
    play_key: str
    pairing: str
    links: Links = ()
    characters_seen: tuple[str, ...] = ()
    play_sha256: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A replay that is not in the catalogue, and why.

    Attributes:
        source: Its locator as it may be published; the archive's, if the whole archive could not be read.
        game_id: sha256 of its bytes; None if it is not a replay at all.
        reason: Why it was left out, from the closed list of reasons.
        detail: One line for a person, without names.
        links: What the replay tells about accounts; see `farm.planning.identities`.
    """

    source: str
    game_id: str | None
    reason: Reason
    detail: str
    links: Links = ()


def scan_replay(
    found: Found, selection: Selection, key: bytes, *, keep_paths: bool = False
) -> ScannedReplay | LeftOut:
    """Read one replay, and decide whether it can be rendered and is wanted.

    Args:
        found: the replay that a listing found.
        selection: which replays are wanted.
        key: the dataset's player key.
        keep_paths: keep a path even if it names a player.

    Raises:
        EnvironmentFailed: If its bucket cannot be read, or this machine runs short of something.
    """
    data: bytes | None = None
    identities: list[Identity] = []
    links: Links = ()
    seen = _seen(found)
    try:
        data = read_source(found.locator) if found.data is None else found.data
        replay = read_replay(data)
        identities = [player.identity for player in replay.record.players]
        links = links_of(replay.record, key)
        _check_is_over(found, seen, replay)
        table = renderable(replay)
        selection.check(replay.record, table)
    except ReplayRefused as refusal:
        game_id = None if data is None else hashlib.sha256(data).hexdigest()
        source = found.locator if keep_paths else public_source(found.locator, identities)
        return LeftOut(source, game_id, refusal.reason, refusal.detail, links)
    except FileUnread as problem:
        return LeftOut(found.locator, None, Reason.NOT_READ, problem.why)
    record = replay.record
    hashes = tuple(player_hash(key, player.identity.key) for player in record.players)
    play_key = _play_key(record, table)
    return ScannedReplay(
        place=found.locator,
        source=found.locator if keep_paths else public_source(found.locator, identities),
        game_id=replay.game_id,
        num_frames=table.num_frames,
        stage_name=record.stage_name,
        characters=tuple(player.character_name for player in record.players),
        player_hashes=hashes,
        match_key=None if record.match_key is None else keyed_hash(key, "match", record.match_key),
        play_key=play_key,
        pairing=pairing_of(key, hashes) or keyed_hash(key, "pairing", record.match_id or play_key),
        links=links,
        characters_seen=tuple(sorted({seen.character_name for seen in characters_seen(table)})),
        play_sha256=play_sha256(table),
    )


def _seen(found: Found) -> os.stat_result | None:
    """Return the stat of a plain file before it is read; None for a replay in an archive or a bucket."""
    try:
        place = place_of(found.locator)
        return Path(place.path).stat() if found.data is None and place.member is None else None
    except (OSError, ValueError):
        return None  # in a bucket; or gone, which the reading will report


def _check_is_over(found: Found, seen: os.stat_result | None, replay: Replay) -> None:
    """Refuse a file that is still being written: it would hold other bytes when it is rendered."""
    if seen is None:
        return
    try:
        now = Path(place_of(found.locator).path).stat()
    except OSError as error:
        raise FileUnread(found.locator, error.strerror or str(error)) from error
    if (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
        message = "the file grew while it was read; scan again when its game is over"
        raise ReplayRefused(Reason.STILL_RECORDED, message)
    age = time.time() - seen.st_mtime
    if replay.record.is_truncated and 0 <= age < _GROWING_SECONDS:
        message = f"the recording is not over, and {age:.0f} s old; scan again when its game is over"
        raise ReplayRefused(Reason.STILL_RECORDED, message)


def _play_key(record: GameRecord, table: StateTable) -> str:
    """Return a hash of how a game begins, the same for both players' own recordings of a netplay game.

    The recordings differ in bytes, but not in how the game went.
    """
    digest = hashlib.sha256(f"{record.stage_id} {record.rng_seed} {table.ports}".encode())
    opening = table.slice(0, min(_OPENING_FRAMES, table.num_frames))
    for index in range(table.num_players):
        for column in _OPENING_COLUMNS:
            digest.update(opening.values(f"p{index}.{column}").tobytes())
    return digest.hexdigest()
