"""Simulate projectiles: how they are shot and fly, and the record that the game would write of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Scene
    from workers.standin.recorder.fighter import Fighter
    from workers.standin.recorder.roster import Shot


class ItemState(NamedTuple):
    """The contents of event 0x3B for one item; fields in the event's order."""

    item_type: int
    state: int
    facing: float
    vx: float
    vy: float
    x: float
    y: float
    damage_taken: int
    timer: float
    spawn_id: int
    misc: tuple[int, int, int, int]
    owner: int
    instance_id: int


class Projectile(NamedTuple):
    """One projectile in flight; a new value each frame, so snapshots may share it."""

    shot: Shot
    spawn_id: int
    owner: int  # port
    instance_id: int
    facing: float
    x: float
    y: float
    vx: float
    vy: float
    frames_left: int

    def state(self) -> ItemState:
        """Return the record that the game would write of the projectile now."""
        return ItemState(
            self.shot.item_type, 0, self.facing, self.vx, self.vy, self.x, self.y, 0, float(self.frames_left),
            self.spawn_id, (0, 0, 0, 0), self.owner, self.instance_id,
        )  # fmt: skip

    def flown(self, scene: Scene) -> Projectile | None:
        """Return the projectile a frame later; None if its time is up, it met the ground, or it left."""
        vy = self.vy - self.shot.gravity
        x, y = self.x + self.vx, self.y + vy
        stage = scene.stage
        if self.frames_left <= 1 or not (stage.left < x < stage.right and stage.bottom < y < stage.top):
            return None
        for surface in scene.moment.surfaces:
            if surface.holds(x) and y <= surface.y_at(x) < self.y:
                if not self.shot.bounces:
                    return None
                y = surface.y_at(x) + 0.01
                vy = -vy * 0.9
                break
        return self._replace(x=x, y=y, vy=vy, frames_left=self.frames_left - 1)


def launched(fighter: Fighter, shot: Shot, spawn_id: int) -> Projectile:
    """Return a new projectile in front of the fighter."""
    return Projectile(
        shot=shot,
        spawn_id=spawn_id,
        owner=fighter.port,
        instance_id=fighter.instance_id,
        facing=fighter.facing,
        x=fighter.x + fighter.facing * (fighter.width + 4.0),
        y=fighter.y + fighter.character.height * 0.55,
        vx=fighter.facing * shot.speed_x,
        vy=shot.speed_y,
        frames_left=shot.lifetime,
    )
