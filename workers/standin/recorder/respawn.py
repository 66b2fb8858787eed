"""The rules of entering a match, dying, and coming back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.state.schema import FIRST_SLP_FRAME
from workers.standin.recorder.actions import Act
from workers.standin.recorder.fighter import FULL_SHIELD, NO_GROUND, NOBODY, Fighter

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Controls, Scene

FREE_FALL_SLP_FRAME = -60  # the frame in which the stage lets everyone drop
DEATH_FRAMES = 60
STAR_FRAMES = 110
DESCENT_FRAMES = 60
PLATFORM_WAIT_FRAMES = 240
RESPAWN_INVULNERABLE_FRAMES = 120


def entry(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Appear over the starting point, one port after the other, then drop."""
    appears = FIRST_SLP_FRAME + 4 + 6 * fighter.port
    if fighter.action == Act.ENTRY:
        if scene.slp_frame >= appears:
            fighter.enter(Act.ENTRY_START)
    elif fighter.action == Act.ENTRY_START:
        fighter.y += 0.05
        fighter.age = min(fighter.age, 10.0)
        if fighter.action_frames >= 30:
            fighter.enter(Act.ENTRY_END)
    elif scene.slp_frame >= FREE_FALL_SLP_FRAME:
        fighter.enter(Act.FALL)
    elif fighter.y > fighter.spawn[1]:
        fighter.y -= 0.05


def die(fighter: Fighter, action: int) -> None:
    """Die: lose a stock, and leave the stage for a while."""
    fighter.enter(action)
    fighter.time_out = STAR_FRAMES if action == Act.DEAD_UP_STAR else DEATH_FRAMES
    if not fighter.follower:
        fighter.stocks = max(0, fighter.stocks - 1)
    fighter.airborne = True
    fighter.ground = -1
    fighter.vx_air = fighter.vy = fighter.vx_attack = fighter.vy_attack = fighter.vx_ground = 0.0
    fighter.hitstun = fighter.hitlag = 0
    fighter.fast_falling = False
    fighter.intangible_frames = fighter.invulnerable_frames = 0
    fighter.grabbing = fighter.held_by = -1
    fighter.ledge_side = 0


def dead(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Wait for the next stock; a follower waits for its leader and is not present meanwhile."""
    fighter.time_out -= 1
    if fighter.action == Act.DEAD_UP_STAR and fighter.time_out > 30:
        fighter.y -= 0.6  # the star falls away behind the stage
    if fighter.time_out > 0:
        return
    if fighter.follower:
        fighter.present = False
    elif fighter.stocks > 0:
        come_back(fighter, scene, offset=0.0)


def come_back(fighter: Fighter, scene: Scene, offset: float) -> None:
    """Come back on the respawn platform, high over the middle."""
    fighter.enter(Act.REBIRTH)
    fighter.present = True
    fighter.x = offset
    fighter.y = scene.stage.respawn_y + DESCENT_FRAMES - 1.0
    fighter.facing = 1.0 if fighter.port % 2 == 0 else -1.0
    fighter.percent = 0.0
    fighter.shield = FULL_SHIELD
    fighter.ground_id = NO_GROUND
    fighter.vy = -1.0
    fighter.last_hit_by = NOBODY
    fighter.last_attack_landed = fighter.combo_count = 0
    fighter.hit_by_instance = 0
    fighter.jumps_left = fighter.character.num_jumps - 1
    fighter.invulnerable_frames = 1


def rebirth(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Descend with the respawn platform, wait on it, and leave it at the first input."""
    fighter.invulnerable_frames = 2
    if fighter.action == Act.REBIRTH:
        fighter.y -= 1.0
        if fighter.action_frames >= DESCENT_FRAMES - 1:
            fighter.vy = 0.0
            fighter.enter(Act.REBIRTH_WAIT)
    elif not controls.is_neutral or fighter.action_frames >= PLATFORM_WAIT_FRAMES:
        fighter.invulnerable_frames = RESPAWN_INVULNERABLE_FRAMES
        fighter.vy = 0.0
        fighter.enter(Act.FALL)
