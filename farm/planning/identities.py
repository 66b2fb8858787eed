"""Finds which connect codes and accounts belong to one person, by replays that name both.

Older replays, and some that lost their account, have a player's connect code but no uid. As soon as one
replay of a scan has both, even if that replay is left out, the player is known by the uid's hash in all
replays. So the hash of an account never depends on what else was scanned; the hash of a code does, until its
account is known.

What a later scan learns changes no plan: a game that was planned keeps its player hashes and its split. From
then on, newly planned games carry the account's hash. Their pairing, whose hash decides the split, may then
fall into another split than the games that were planned by the code; so may the person, if splits are by
player. To keep all of a person's games together, plan replays with and without accounts in one scan.

A code that several accounts used, one after another, identifies nobody: its hash stays as it is, and so do
the accounts' hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from farm.planning.player_key import keyed_hash, player_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.replay import GameRecord

Links: TypeAlias = tuple[tuple[str, str], ...]
"""(hash of the connect code, hash of the uid) of each player for whom a replay has both."""


def links_of(record: GameRecord, key: bytes) -> Links:
    """Return the keyed hashes of connect code and uid of each player for whom the replay has both."""
    hashed = (
        (player_hash(key, player.identity.code_key), player_hash(key, player.identity.uid_key))
        for player in record.players
    )
    return tuple((code, uid) for code, uid in hashed if code is not None and uid is not None)


def accounts(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map each connect code's hash to its account's hash, for codes that only one account has used."""
    uids: dict[str, set[str]] = {}
    for code, uid in links:
        uids.setdefault(code, set()).add(uid)
    return {code: next(iter(found)) for code, found in uids.items() if len(found) == 1}


def pairing_of(key: bytes, player_hashes: Sequence[str | None]) -> str | None:
    """Return the keyed hash that all games of these players share; None if no player is known."""
    known = sorted(who for who in player_hashes if who is not None)
    return keyed_hash(key, "pairing", " ".join(known)) if known else None
