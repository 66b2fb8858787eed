"""Make the ledger's facts about a game from its replay, without names and connect codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.records import CharacterSeen, GameFacts, PlayerFacts
from workers.replay import melee_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifests.state.table import StateTable
    from workers.replay import GameRecord


def characters_seen(table: StateTable) -> tuple[CharacterSeen, ...]:
    """Return the characters that each player is in some frame, by port and internal id.

    The start of a game names one character; Zelda and Sheik change into each other. Followers (Nana) are not
    counted.
    """
    seen = []
    for index, port in enumerate(table.ports):
        name = f"p{index}.character"
        ids, counts = np.unique(table.values(name)[table.valid(name)], return_counts=True)
        for internal_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
            seen.append(CharacterSeen(port, melee_names.internal_character_name(internal_id), count))
    return tuple(seen)


def game_facts(
    record: GameRecord, player_hashes: Sequence[str | None], table: StateTable
) -> GameFacts | None:
    """Return the ledger's facts about a game, or None if the record lacks frames.

    Args:
        record: the replay's game record.
        player_hashes: keyed hashes of the players, in order of ports, as planned.
        table: the state of the game's frames.

    Raises:
        ValueError: the numbers of hashes and of players differ.
    """
    if record.first_slp_frame is None or record.last_slp_frame is None:
        return None
    return GameFacts(
        slippi_version=record.slippi_version,
        stage_id=record.stage_id,
        stage_name=record.stage_name,
        players=tuple(
            PlayerFacts(
                port=player.port,
                character_id=player.character_id,
                character_name=player.character_name,
                costume=player.costume,
                is_human=player.is_human,
                team=player.team if record.is_teams else None,
                player_hash=player_hash,
            )
            for player, player_hash in zip(record.players, player_hashes, strict=True)
        ),
        is_teams=record.is_teams,
        num_frames=record.num_frames,
        num_instances=record.num_instances,
        num_rolled_back=record.num_rolled_back,
        first_slp_frame=record.first_slp_frame,
        last_slp_frame=record.last_slp_frame,
        last_finalized_slp_frame=record.last_finalized_slp_frame,
        truncated=record.is_truncated,
        timer_seconds=record.timer_seconds,
        start_at=record.start_at,
        match_id=record.match_id,
        characters_seen=characters_seen(table),
    )
