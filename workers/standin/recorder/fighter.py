"""The state of one fighter in the simulation, and the records that the game would write of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.standin.recorder.actions import SHIELDING, Act, animation_of, first_age, has_animation
from workers.standin.recorder.pad import NEUTRAL, Pad

if TYPE_CHECKING:
    from workers.standin.recorder.moves import Attack
    from workers.standin.recorder.roster import Character

NOBODY = 6  # the game's value of "last hit by" if nobody did
NO_GROUND = 0xFFFF
FULL_SHIELD = 60.0

VULNERABLE, INVULNERABLE, INTANGIBLE = 0, 1, 2


class PreState(NamedTuple):
    """The contents of event 0x37 for one fighter: its place before this frame, and the pad that moves it."""

    action: int
    x: float
    y: float
    facing: float
    percent: float
    pad: Pad


class PostState(NamedTuple):
    """The contents of event 0x38 for one fighter after a frame; fields in the event's order."""

    character: int
    action: int
    x: float
    y: float
    facing: float
    percent: float
    shield: float
    last_attack_landed: int
    combo_count: int
    last_hit_by: int
    stocks: int
    age: float
    flags1: int
    flags2: int
    flags3: int
    flags4: int
    flags5: int
    misc: float
    airborne: int
    ground_id: int
    jumps_left: int
    l_cancel: int
    hurtbox: int
    vx_air: float
    vy: float
    vx_attack: float
    vy_attack: float
    vx_ground: float
    hitlag: float
    animation: int
    hit_by_instance: int
    instance_id: int


class Fighter:
    """The whole state of one fighter; it has only plain values, so that a shallow copy is a snapshot."""

    __slots__ = (
        "action",
        "action_frames",
        "age",
        "age_step",
        "airborne",
        "attack",
        "attack_connected",
        "character",
        "combo_count",
        "drop_frames",
        "entered",
        "facing",
        "fast_falling",
        "follower",
        "frames_since_trigger",
        "grabbing",
        "ground",
        "ground_id",
        "held_by",
        "hit_by_instance",
        "hitlag",
        "hitstun",
        "instance_id",
        "intangible_frames",
        "internal_id",
        "invulnerable_frames",
        "is_defender_in_hitlag",
        "jumps_left",
        "l_cancel",
        "lag_frames",
        "last_attack_landed",
        "last_hit_by",
        "ledge_lock_frames",
        "ledge_side",
        "pad",
        "pad_history",
        "percent",
        "port",
        "pre",
        "present",
        "previous_pad",
        "shield",
        "spawn",
        "stocks",
        "time_out",
        "tumbles",
        "vx_air",
        "vx_attack",
        "vx_ground",
        "vy",
        "vy_attack",
        "x",
        "y",
    )  # fmt: skip

    def __init__(
        self,
        character: Character,
        port: int,
        spawn: tuple[float, float],
        *,
        stocks: int,
        is_follower: bool = False,
    ) -> None:
        self.character = character
        self.port = port
        self.follower = is_follower
        follower_id = character.follower_internal_id
        self.internal_id = follower_id if is_follower and follower_id is not None else character.internal_id
        self.spawn = spawn
        self.stocks = stocks
        self.present = True
        self.x, self.y = spawn
        self.facing = 1.0 if spawn[0] < 0 else -1.0
        self.percent = 0.0
        self.shield = FULL_SHIELD
        self.action: int = Act.ENTRY
        self.age = first_age(Act.ENTRY)
        self.age_step = 1.0
        self.action_frames = 0  # whole frames spent in this action, hitlag not counted
        self.entered = True  # an action began in this frame: it gets an instance id
        self.instance_id = 0
        self.hit_by_instance = 0
        self.airborne = True
        self.ground = -1  # index into the stage's surfaces, -1 in the air
        self.ground_id = NO_GROUND
        self.jumps_left = character.num_jumps - 1
        self.vx_ground = self.vx_air = self.vy = self.vx_attack = self.vy_attack = 0.0
        self.fast_falling = False
        self.hitlag = 0
        self.is_defender_in_hitlag = False
        self.hitstun = 0
        self.tumbles = False
        self.attack: Attack | None = None
        self.attack_connected = False
        self.lag_frames = 0  # length of the present landing lag or shield stun
        self.l_cancel = 0
        self.frames_since_trigger = 99
        self.intangible_frames = 0
        self.invulnerable_frames = 0
        self.drop_frames = 0  # falls through platforms while above 0
        self.ledge_side = 0
        self.ledge_lock_frames = 0
        self.grabbing = -1  # port of the fighter held
        self.held_by = -1  # port of the fighter that holds this one
        self.time_out = 0  # frames left of being dead, entering or dizzy
        self.last_attack_landed = 0
        self.combo_count = 0
        self.last_hit_by = NOBODY
        self.pad = NEUTRAL
        self.previous_pad = NEUTRAL
        self.pad_history: tuple[Pad, ...] = ()  # a leader's last pads, for its follower
        self.pre = PreState(self.action, self.x, self.y, self.facing, 0.0, NEUTRAL)

    def copy(self) -> Fighter:
        """Return a snapshot: later changes of either do not show in the other."""
        twin = Fighter.__new__(Fighter)
        for name in Fighter.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def enter(self, action: int, *, length: int | None = None, spans: float = 0.0) -> None:
        """Begin an action; with `length`, its animation of `spans` frames is stretched to `length` frames."""
        self.action = int(action)
        self.age = first_age(action)
        self.age_step = spans / length if length else 1.0
        self.action_frames = 0
        self.entered = True
        self.attack = None
        self.attack_connected = False

    def advance_age(self) -> None:
        """Advance the action by one frame."""
        self.action_frames += 1
        if has_animation(self.action):
            self.age += self.age_step

    @property
    def is_intangible(self) -> bool:
        """Whether no hit can touch this fighter."""
        return self.intangible_frames > 0

    @property
    def is_out(self) -> bool:
        """Whether the fighter is dead and not on the stage."""
        return self.action <= Act.DEAD_UP_STAR or not self.present

    @property
    def width(self) -> float:
        """Half the width of the body."""
        return self.character.half_width

    def hurtbox(self) -> int:
        """The hurtbox state as the game would write it: 0 vulnerable, 1 invulnerable, 2 intangible."""
        if self.intangible_frames > 0:
            return INTANGIBLE
        return INVULNERABLE if self.invulnerable_frames > 0 else VULNERABLE

    def post(self, *, is_off_screen: bool) -> PostState:
        """Return what the game would record of this fighter after the frame."""
        dead = self.action <= Act.DEAD_UP_STAR
        flags2 = 0
        if self.hitlag > 0:
            flags2 |= 0x20 | (0x10 if self.is_defender_in_hitlag else 0)
        if self.fast_falling:
            flags2 |= 0x08
        if self.intangible_frames > 0 and not Act.LEDGE_CATCH <= self.action <= Act.LEDGE_JUMP:
            flags2 |= 0x04
        shielding = self.action in SHIELDING
        flags3 = (0x80 if shielding else 0) | (0x04 if self.grabbing >= 0 else 0)
        flags4 = 0x02 if self.hitstun > 0 else 0
        flags5 = (0x08 if self.follower else 0) | (0x40 if dead or self.action == Act.ENTRY else 0)
        if is_off_screen or dead:
            flags5 |= 0x80
        return PostState(
            self.internal_id, self.action, self.x, self.y, self.facing, self.percent, self.shield,
            self.last_attack_landed, self.combo_count, self.last_hit_by, self.stocks, self.age,
            0, flags2, flags3, flags4, flags5, float(self.hitstun), int(self.airborne), self.ground_id,
            self.jumps_left, self.l_cancel, self.hurtbox(), self.vx_air, self.vy, self.vx_attack,
            self.vy_attack, self.vx_ground, float(self.hitlag), animation_of(self.action),
            self.hit_by_instance, self.instance_id if not dead else 0,
        )  # fmt: skip
