"""Our columns equal peppi's, for the last written instance of every frame, except for known differences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from manifests.state import schema
from workers.replay import read_replay
from workers.replay.instances import Entity
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from manifests.state.table import StateTable
    from workers.replay import Replay

CHILD = Path(__file__).with_name("peppi_child.py")

POST = {
    "character": "character", "action": "state", "x": "position.x", "y": "position.y", "facing": "direction",
    "percent": "percent", "shield": "shield", "last_attack_landed": "last_attack_landed",
    "combo_count": "combo_count", "last_hit_by": "last_hit_by", "stocks": "stocks",
    "action_age": "state_age", "flags1": "state_flags.0", "flags2": "state_flags.1",
    "flags3": "state_flags.2", "flags4": "state_flags.3",
    "flags5": "state_flags.4", "misc_as": "misc_as", "airborne": "airborne", "ground_id": "ground",
    "jumps_left": "jumps", "l_cancel": "l_cancel", "hurtbox": "hurtbox_state",
    "vx_air_self": "velocities.self_x_air", "vy_self": "velocities.self_y",
    "vx_attack": "velocities.knockback_x", "vy_attack": "velocities.knockback_y",
    "vx_ground_self": "velocities.self_x_ground", "hitlag_left": "hitlag",
    "animation": "animation_index", "hit_by_instance": "last_hit_by_instance", "instance_id": "instance_id",
}  # fmt: skip
PRE = {
    "main_x": "joystick.x", "main_y": "joystick.y", "c_x": "cstick.x", "c_y": "cstick.y",
    "trigger": "triggers",
    "buttons": "buttons", "buttons_phys": "buttons_physical", "trigger_l_phys": "triggers_physical.l",
    "trigger_r_phys": "triggers_physical.r", "raw_x": "raw_analog_x", "raw_y": "raw_analog_y",
    "raw_cx": "raw_analog_cstick_x", "raw_cy": "raw_analog_cstick_y", "pre_action": "state",
    "pre_x": "position.x", "pre_y": "position.y", "pre_facing": "direction", "pre_percent": "percent",
    "pre_seed": "random_seed",
}  # fmt: skip
ITEM = {
    "type": "type", "state": "state", "facing": "direction", "vx": "velocity.x", "vy": "velocity.y",
    "x": "position.x", "y": "position.y", "damage_taken": "damage", "timer": "timer", "spawn_id": "id",
    "misc1": "misc.0", "misc2": "misc.1", "misc3": "misc.2", "misc4": "misc.3", "owner": "owner",
    "instance_id": "instance_id",
}  # fmt: skip

# Files that peppi cannot read, and why; the test expects it to fail, so that this list stays up to date.
CANNOT_READ = {
    "corrupt.slp": "cut before its first frame",
    "incomplete.slp": "its length was never written, and it has no end",
    "test_game_1.slp": "3.0-3.6: the struct for a frame's end has no field, and peppi panics",
    "Whispy.slp": "3.17 pre-release: peppi expects the raw c-stick bytes that it lacks",
}
# Columns in which peppi is known to be wrong: before 2.2 it appends the nulls of an entity that is away for a
# while at the end, so that all values after the gap are shifted.
SHIFTED = {("doubles.slp", "p0"), ("sheik_vs_ics_yoshis.slp", "p1n")}
# The two columns in which we differ on purpose: our facing is a side, and values that are null below 1.2 are
# garbage in peppi.
GARBAGE_BELOW_1_2 = {"trigger_l_phys", "trigger_r_phys"}


def read_with_peppi(replay: Path, scratch: Path) -> dict[str, Any] | None:
    """Read every column with peppi; None if peppi raised, panicked or hung."""
    out = scratch / f"{replay.stem}.npz"
    command = [sys.executable, str(CHILD), str(replay), str(out)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    if done.returncode:
        return None
    with np.load(out) as columns:
        return dict(columns)


class Comparison:
    """Counts the compared values, and collects differences."""

    def __init__(self, name: str, replay: Replay, table: StateTable, theirs: dict[str, Any]) -> None:
        self.name, self.replay, self.table, self.theirs = name, replay, table, theirs
        ids = theirs["frame.id"].tolist()
        last = {slp_frame: index for index, slp_frame in enumerate(ids)}
        self.rows = np.array([last[slp_frame] for slp_frame in table.values("slp_frame").tolist()])
        self.num_columns = 0
        self.unexplained: list[str] = []

    def column(self, ours: str, theirs: str, entity: str = "") -> None:
        values, mask = self.table.values(ours), self.table.valid(ours)
        is_garbage = ours.partition(".")[2] in GARBAGE_BELOW_1_2 and not mask.any()
        if theirs not in self.theirs or is_garbage:
            if mask.any():
                self.unexplained.append(f"{ours}: peppi lacks it")
            return
        self.num_columns += 1
        peppi, valid = self.theirs[theirs][self.rows], self.theirs[theirs + "?"][self.rows]
        if values.dtype == np.int8 and peppi.dtype == np.float32:
            peppi = np.sign(peppi)
        if (self.name, entity) in SHIFTED:
            if not np.array_equal(peppi[: mask.sum()], values[mask]):
                self.unexplained.append(f"{ours}: not merely shifted")
            assert not np.array_equal(mask, valid), f"{ours}: peppi no longer shifts it"
            return
        if not np.array_equal(mask, valid) or not np.array_equal(values[mask], peppi[mask]):
            self.unexplained.append(f"{ours}: {np.count_nonzero(values[mask] != peppi[mask])} values")

    def compare(self) -> None:
        self.column("rng_seed", "frame.start.random_seed")
        self.column("scene_frame", "frame.start.scene_frame_counter")
        for index, port in enumerate(self.table.ports):
            for suffix, role in (("", "leader"), ("n", "follower")):
                if Entity(port, bool(suffix)) not in self.replay.frames.post:
                    continue
                place = f"frame.ports.P{port + 1}.{role}"
                entity = f"p{index}{suffix}"
                for ours, theirs in POST.items():
                    self.column(f"{entity}.{ours}", f"{place}.post.{theirs}", entity)
                for ours, theirs in PRE.items():
                    self.column(f"{entity}.{ours}", f"{place}.pre.{theirs}", entity)
        self.items()

    def items(self) -> None:
        items = self.table.items
        if not items.valid:
            assert "frame.item#" not in self.theirs
            return
        offsets = self.theirs["frame.item#"]
        counts = np.diff(offsets)[self.rows]
        if not np.array_equal(counts, np.diff(items.offsets)):
            self.unexplained.append("items: their numbers per frame")
            return
        rows = np.concatenate([np.arange(offsets[row], offsets[row + 1]) for row in self.rows])
        for ours, theirs in ITEM.items():
            if items.is_recorded(ours):
                self.num_columns += 1
                if not np.array_equal(items.values(ours), self.theirs[f"frame.item.{theirs}"][rows]):
                    self.unexplained.append(f"items.{ours}")


def compare(path: Path, scratch: Path) -> Comparison:
    theirs = read_with_peppi(path, scratch)
    assert theirs is not None, f"peppi no longer reads {path.name}"
    replay = read_replay(path.read_bytes())
    found = Comparison(path.name, replay, state_table(replay, finalized_only=False), theirs)
    found.compare()
    return found


def test_every_column_has_its_like():
    assert set(POST) | {"present"} == {column.name for column in schema.POST_COLUMNS}
    assert set(PRE) == {column.name for column in schema.PRE_COLUMNS}
    assert set(ITEM) == {column.name for column in schema.ITEM_COLUMNS}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_recorded_games_are_read_alike(tmp_path: Path, seed: int):
    (tmp_path / "recorded.slp").write_bytes(record_match(seed, num_frames=400, rollback_share=0.2))
    found = compare(tmp_path / "recorded.slp", tmp_path)
    assert found.num_columns > 100
    assert not found.unexplained


@pytest.mark.shared
@pytest.mark.slow
def test_real_games_are_read_alike(real_replays: Path, tmp_path: Path, record_property: Any):
    replays = columns = frames = 0
    unexplained: dict[str, list[str]] = {}
    for path in sorted(real_replays.glob("*.slp")):
        if path.name in CANNOT_READ:
            continue
        found = compare(path, tmp_path)
        replays, columns, frames = replays + 1, columns + found.num_columns, frames + found.table.num_frames
        if found.unexplained:
            unexplained[path.name] = found.unexplained
    record_property("peppi parity", f"{replays} replays, {columns} columns, {frames} frames")
    assert not unexplained
    assert replays == 12


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", CANNOT_READ)
def test_what_peppi_cannot_read_it_still_cannot(real_replays: Path, tmp_path: Path, name: str):
    assert read_with_peppi(real_replays / name, tmp_path) is None
