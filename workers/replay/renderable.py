"""Decide whether a replay may be rendered at all, by rules that no plan can switch off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.errors import ReplayRefused
from workers.replay import melee_names
from workers.replay.record import ONLINE_SCENE
from workers.replay.state import state_table

if TYPE_CHECKING:
    from manifests.state.table import StateTable
    from workers.replay import Replay

_NUM_PLAYERS = 2


def renderable(replay: Replay) -> StateTable:
    """Check that the replay is a whole 1v1 on a tournament stage; return its state, which the check needs.

    Raises:
        ReplayRefused: NOT_ONE_ON_ONE, ILLEGAL_STAGE, ILLEGAL_CHARACTER, BAD_FIRST_FRAME, NOT_CONTIGUOUS,
            NO_FRAMES, NON_FINITE, or UNREADABLE if the event stream contradicts itself.
    """
    _check_record(replay)
    table = state_table(replay)  # harmless NaNs are null there, with the value 0
    for name in table.names():
        values = table.values(name)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            msg = f"{name} is {values[row]} in frame {table.first_slp_frame + row}; the game never has that"
            raise ReplayRefused(Reason.NON_FINITE, msg)
    _check_characters(replay, table)
    return table


def _check_record(replay: Replay) -> None:
    record = replay.record
    if foreign := [port + 1 for port in replay.frames.foreign_ports]:
        ports = ("port " if len(foreign) == 1 else "ports ") + ", ".join(str(port) for port in foreign)
        msg = f"{replay.frames.num_foreign_events} events name {ports} beyond the console's four"
        raise ReplayRefused(Reason.NOT_ONE_ON_ONE, msg)
    if len(record.players) != _NUM_PLAYERS or record.is_teams:
        kind = "a team game" if record.is_teams else "a game"
        msg = f"{kind} of {len(record.players)} players; only 1v1 is rendered"
        raise ReplayRefused(Reason.NOT_ONE_ON_ONE, msg)
    if record.stage_id not in melee_names.LEGAL_STAGES:
        allowed = ", ".join(melee_names.stage_name(stage) for stage in melee_names.LEGAL_STAGES)
        msg = f"stage {record.stage_name} (id {record.stage_id}) is not one of {allowed}"
        raise ReplayRefused(Reason.ILLEGAL_STAGE, msg)
    for player in record.players:
        if not melee_names.is_playable(player.character_id):
            what = f"port {player.port + 1} starts as character {player.character_id}"
            raise _illegal_character(what)
    if record.first_slp_frame != FIRST_SLP_FRAME:
        msg = f"begins at frame {record.first_slp_frame}, not {FIRST_SLP_FRAME}"
        raise ReplayRefused(Reason.BAD_FIRST_FRAME, msg)
    if record.damage:
        msg = f"damaged: {record.damage}; {record.num_frames} frames before that are whole"
        raise ReplayRefused(Reason.UNREADABLE, msg)
    if record.num_rolled_back and record.scene_major not in (None, ONLINE_SCENE):
        msg = f"{record.num_rolled_back} frames were written more than once, in a game that was not online"
        raise ReplayRefused(Reason.NOT_CONTIGUOUS, msg)


def _check_characters(replay: Replay, table: StateTable) -> None:
    """Refuse a replay whose frames show a character that the start of the game did not name.

    Raises:
        ReplayRefused: ILLEGAL_CHARACTER.
    """
    for index, player in enumerate(replay.record.players):
        name = f"p{index}.character"
        for internal_id in np.unique(table.values(name)[table.valid(name)]).tolist():
            if not melee_names.is_playable_internally(internal_id):
                called = melee_names.internal_character_name(internal_id)
                what = f"port {player.port + 1} is {called} (internal id {internal_id})"
                raise _illegal_character(what)


def _illegal_character(what: str) -> ReplayRefused:
    # Mods use the numbers of the unmodified game's bosses for their characters, which would be drawn as
    # bosses.
    msg = (
        f"{what}, which the unmodified game lets nobody choose: it is a mod's (such as Akaneia's) or a cheat "
        "code's, and only the unmodified game is rendered"
    )
    return ReplayRefused(Reason.ILLEGAL_CHARACTER, msg)
