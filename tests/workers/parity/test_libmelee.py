"""Our columns equal libmelee's, for the last written instance of every frame, except for known differences.

What libmelee makes of a value is written out as a function of our column, so that a difference is either
exactly the known one, or it is unexplained and fails.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import melee
import numpy as np
import pytest

from manifests.state.table import StateTable
from workers.replay import read_replay
from workers.replay.instances import Entity
from workers.replay.state import state_table
from workers.standin.recorder import record_match

Values = np.ndarray[Any, Any]

# Files that libmelee cannot read, with the error it raises; the test expects exactly that, so the list stays
# up to date.
CANNOT_READ: dict[str, tuple[type[Exception] | str, str]] = {
    "sheik_vs_ics_yoshis.slp": (TypeError, "0.1.x: it reads the action's age, which is not there"),
    "Whispy.slp": (ValueError, "3.17 pre-release: it has wind events, which libmelee expects from 3.18 on"),
    "incomplete.slp": ("DecoderException", "its length was never written"),
    "corrupt.slp": ("DecoderException", "its length was never written"),
}
BUTTONS = {
    "BUTTON_D_LEFT": 0x1, "BUTTON_D_RIGHT": 0x2, "BUTTON_D_DOWN": 0x4, "BUTTON_D_UP": 0x8, "BUTTON_Z": 0x10,
    "BUTTON_R": 0x20, "BUTTON_L": 0x40, "BUTTON_A": 0x100, "BUTTON_B": 0x200, "BUTTON_X": 0x400,
    "BUTTON_Y": 0x800, "BUTTON_START": 0x1000,
}  # fmt: skip
BUTTON_MASK = sum(BUTTONS.values())


def bits(pressed: dict[Any, bool]) -> int:
    return sum(bit for name, bit in BUTTONS.items() if pressed[melee.Button[name]])


def remapped(stick: Values) -> Values:
    """Map [-1, 1] to [0, 1] as libmelee does, in float32."""
    return stick / np.float32(2) + np.float32(0.5)


def truncated(values: Values) -> Values:
    """Cut fractions off as libmelee does."""
    return np.trunc(values)


def same(values: Values) -> Values:
    return values


# For a player or a follower: our column, what libmelee makes of it, where libmelee keeps it.
POST: tuple[tuple[str, Callable[[Values], Values], Callable[[Any], Any]], ...] = (
    ("x", same, lambda p: p.position.x),
    ("y", same, lambda p: p.position.y),
    ("character", same, lambda p: p.character.value),
    ("action", same, lambda p: p.action.value),
    ("facing", lambda facing: facing > 0, lambda p: p.facing),  # known: a bool, 0 becomes left
    ("percent", same, lambda p: p.percent),
    ("shield", same, lambda p: p.shield_strength),
    ("stocks", same, lambda p: p.stock),
    ("flags4", lambda flags: flags & 0x20 != 0, lambda p: p.is_powershield),
    ("misc_as", truncated, lambda p: p.hitstun_frames_left),  # known: not zero outside hitstun
    ("airborne", lambda airborne: airborne == 0, lambda p: p.on_ground),
    ("jumps_left", same, lambda p: p.jumps_left),
    ("hurtbox", lambda hurtbox: hurtbox != 0, lambda p: p.invulnerable),  # known: a bool, intangible is lost
    ("vx_air_self", same, lambda p: p.speed_air_x_self),
    ("vy_self", same, lambda p: p.speed_y_self),
    ("vx_attack", same, lambda p: p.speed_x_attack),
    ("vy_attack", same, lambda p: p.speed_y_attack),
    ("vx_ground_self", same, lambda p: p.speed_ground_x_self),
    ("hitlag_left", truncated, lambda p: p.hitlag_left),
    ("action_age", truncated, lambda p: p.action_frame),  # known: see below
)
PRE: tuple[tuple[str, Callable[[Values], Values], Callable[[Any], Any]], ...] = (
    ("main_x", remapped, lambda p: p.controller_state.main_stick[0]),
    ("main_y", remapped, lambda p: p.controller_state.main_stick[1]),
    ("c_x", remapped, lambda p: p.controller_state.c_stick[0]),
    ("c_y", remapped, lambda p: p.controller_state.c_stick[1]),
    ("raw_x", same, lambda p: p.controller_state.raw_main_stick[0]),
    ("raw_y", same, lambda p: p.controller_state.raw_main_stick[1]),
    ("trigger", same, lambda p: p.controller_state.l_shoulder),  # known: L is R, both as processed
    ("trigger", same, lambda p: p.controller_state.r_shoulder),
    ("buttons_phys", lambda mask: mask & BUTTON_MASK, lambda p: bits(p.controller_state.button)),
    ("buttons", lambda mask: mask & BUTTON_MASK, lambda p: bits(p.controller_state.processed_button)),
)
ITEM: tuple[tuple[str, Callable[[Values], Values], Callable[[Any], Any]], ...] = (
    ("x", same, lambda i: i.position.x),
    ("y", same, lambda i: i.position.y),
    ("vx", same, lambda i: i.speed.x),
    ("vy", same, lambda i: i.speed.y),
    ("type", same, lambda i: i.type.value),
    ("state", same, lambda i: i.subtype),
    ("timer", truncated, lambda i: i.expiration_frames),
    ("spawn_id", same, lambda i: i.spawn_id),
    ("owner", lambda owner: owner + 1, lambda i: i.owner),  # known: 0 is nobody
)


class LibmeleeFrames:
    """libmelee's values of each frame, from the last instance that it yields, copied at that step."""

    def __init__(self, path: Path) -> None:
        console = melee.Console(
            path=str(path), is_dolphin=False, allow_old_version=True, skip_rollback_frames=False
        )
        console.connect()
        self.zero_indices = console.zero_indices
        self.players: dict[int, dict[Entity, tuple[list[Any], list[Any]]]] = {}
        self.items: dict[int, list[list[Any]]] = {}
        self.stage: dict[int, tuple[Any, ...]] = {}
        while (state := console.step()) is not None:
            self._keep(state)

    def _keep(self, state: Any) -> None:
        found = {}
        for port, player in state.players.items():
            for is_follower, one in ((False, player), (True, player.nana)):
                if one is not None:
                    values = ([get(one) for _, _, get in POST], [get(one) for _, _, get in PRE])
                    found[Entity(int(port) - 1, is_follower)] = values
        slp_frame = int(state.frame)
        self.players[slp_frame] = found
        self.items[slp_frame] = [[get(item) for _, _, get in ITEM] for item in state.projectiles]
        platforms, stadium = state.fod_platforms, state.stadium_transformation
        self.stage[slp_frame] = (
            None if platforms is None else (float(platforms.left), float(platforms.right)),
            None if state.whispy is None else int(state.whispy.value),
            None if stadium is None else int(stadium.type.value),
        )


class Comparison:
    """Counts the compared values, and collects differences."""

    def __init__(self, path: Path) -> None:
        self.replay = read_replay(path.read_bytes())
        self.table: StateTable = state_table(self.replay, finalized_only=False)
        self.theirs = LibmeleeFrames(path)
        self.num_columns = 0
        self.unexplained: list[str] = []
        frames = self.table.values("slp_frame").tolist()
        if sorted(self.theirs.players) != frames:
            self.unexplained.append(f"frames: {len(self.theirs.players)} of theirs, {len(frames)} of ours")
            return
        for index, port in enumerate(self.table.ports):
            for suffix in ("", "n"):
                entity = Entity(port, bool(suffix))
                if entity in self.replay.frames.post:
                    self.players(f"p{index}{suffix}", entity, frames)
        self.items(frames)
        self.stage(frames)

    def check(self, what: str, expected: Values, theirs: list[Any]) -> None:
        self.num_columns += 1
        differ = np.asarray(expected, np.float64) != np.asarray(theirs, np.float64)
        if differ.any():
            self.unexplained.append(f"{what}: {np.count_nonzero(differ)} of {differ.size}")

    def players(self, name: str, entity: Entity, frames: list[int]) -> None:
        present = self.table.values(f"{name}.present")
        rows = [self.theirs.players[slp_frame].get(entity) for slp_frame in frames]
        self.check(f"{name}.present", present, [row is not None for row in rows])
        kept = [row for row, is_present in zip(rows, present, strict=True) if is_present and row is not None]
        for place, (ours, make, _) in enumerate(POST):
            expected = make(self.table.values(f"{name}.{ours}")[present])
            if ours == "action_age" and not entity.is_follower:
                expected = expected + self._zero_indexed(name)[present]
            if self.table.valid(f"{name}.{ours}").any():
                self.check(f"{name}.{ours}", expected, [row[0][place] for row in kept])
        for place, (ours, make, _) in enumerate(PRE):
            if self.table.valid(f"{name}.{ours}").any():
                values = self.table.values(f"{name}.{ours}")[present]
                # Known: libmelee's controller of a follower is always neutral, since it discards its data.
                expected = make(np.zeros_like(values) if entity.is_follower else values)
                self.check(f"{name}.{ours}", expected, [row[1][place] for row in kept])

    def _zero_indexed(self, name: str) -> Values:
        """Known: libmelee adds 1 to the age of actions that its table calls zero-indexed; to leaders only."""
        pairs = zip(self.table.values(f"{name}.character"), self.table.values(f"{name}.action"), strict=True)
        return np.array(
            [int(action) in self.theirs.zero_indices[int(character)] for character, action in pairs]
        )

    def items(self, frames: list[int]) -> None:
        items = self.table.items
        if not items.valid:
            return
        theirs = [item for slp_frame in frames for item in self.theirs.items[slp_frame]]
        counts = [len(self.theirs.items[slp_frame]) for slp_frame in frames]
        self.check("items", np.diff(items.offsets), counts)
        for place, (ours, make, _) in enumerate(ITEM):
            if items.is_recorded(ours) and len(theirs) == items.num_rows:
                self.check(f"items.{ours}", make(items.values(ours)), [item[place] for item in theirs])

    def stage(self, frames: list[int]) -> None:
        seen = [self.theirs.stage[slp_frame] for slp_frame in frames]
        if self.table.valid("fod_left").any():
            self.check("fod_left", self.table.values("fod_left"), [one[0][0] for one in seen])
            self.check("fod_right", self.table.values("fod_right"), [one[0][1] for one in seen])
        if self.table.valid("whispy").any():
            self.check("whispy", self.table.values("whispy"), [one[1] for one in seen])
        if self.table.valid("ps_type").any():
            # Known: ps_event is not compared, libmelee reads its high byte and so always says "finished".
            self.check("ps_type", self.table.values("ps_type"), [one[2] for one in seen])


@pytest.mark.parametrize(("seed", "stage"), [(1, 2), (2, 3), (3, 28), (4, 31)])
def test_recorded_games_are_read_alike(tmp_path: Path, seed: int, stage: int):
    path = tmp_path / "recorded.slp"
    path.write_bytes(record_match(seed, stage=stage, num_frames=250, rollback_share=0.2))
    found = Comparison(path)
    assert found.num_columns > 60
    assert not found.unexplained


@pytest.mark.shared
@pytest.mark.parametrize("name", ["pal", "ntsc", "v3.16", "v3.18", "test_game_1"])
def test_short_real_games_are_read_alike(real_replays: Path, name: str):
    assert not Comparison(real_replays / f"{name}.slp").unexplained


@pytest.mark.shared
@pytest.mark.slow
def test_real_games_are_read_alike(real_replays: Path, record_property: Any):
    replays = columns = frames = 0
    unexplained: dict[str, list[str]] = {}
    for path in sorted(real_replays.glob("*.slp")):
        if path.name in CANNOT_READ:
            continue
        found = Comparison(path)
        replays, columns, frames = replays + 1, columns + found.num_columns, frames + found.table.num_frames
        if found.unexplained:
            unexplained[path.name] = found.unexplained
    record_property("libmelee parity", f"{replays} replays, {columns} columns, {frames} frames")
    assert not unexplained
    assert replays == 12


@pytest.mark.shared
@pytest.mark.parametrize("name", CANNOT_READ)
def test_what_libmelee_cannot_read_it_still_cannot(real_replays: Path, name: str):
    raised, _ = CANNOT_READ[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - ubjson's own type has no public name
        LibmeleeFrames(real_replays / name)
    assert raised in {type(caught.value), type(caught.value).__name__}
