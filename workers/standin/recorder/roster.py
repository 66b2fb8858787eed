"""The characters that the recorder can play: how they move, how heavy they are, what they shoot."""


# ruff: noqa: E501 - a table reads across

from __future__ import annotations

from dataclasses import dataclass

from workers.standin.recorder.moves import Attack, attacks


@dataclass(frozen=True)
class Shot:
    """A projectile: item type id and how it flies. Speeds in units per frame, lifetime in frames."""

    item_type: int
    speed_x: float
    speed_y: float
    gravity: float
    bounces: bool
    lifetime: int
    damage: float
    flinches: bool  # a Fox laser damages without moving anyone
    size: float = 2.5


@dataclass(frozen=True)
class Character:
    """A character's numbers: speeds in units per frame, accelerations in units per frame squared."""

    name: str
    external_id: int
    internal_id: int
    num_costumes: int
    weight: float
    gravity: float
    fall_speed: float
    fast_fall_speed: float
    walk_speed: float
    dash_speed: float
    run_speed: float
    traction: float
    air_acceleration: float
    air_speed: float
    air_friction: float
    jump_squat: int
    full_hop: float
    short_hop: float
    jump_x: float
    double_jump: float
    num_jumps: int
    height: float
    attacks: dict[int, Attack]
    shot: Shot | None
    shoot_action: int  # the character's own neutral special
    recover_action: int  # and its up special
    recover_speed: float
    follower_internal_id: int | None = None

    @property
    def half_width(self) -> float:
        """Half the width of the body, units."""
        return self.height * 0.28


_LASER_FOX = Shot(54, 7.0, 0.0, 0.0, bounces=False, lifetime=35, damage=3.0, flinches=False)
_LASER_FALCO = Shot(55, 5.0, 0.0, 0.0, bounces=False, lifetime=50, damage=3.0, flinches=True)
_FIREBALL = Shot(48, 1.5, -0.9, 0.11, bounces=True, lifetime=75, damage=6.0, flinches=True)
_PILL = Shot(49, 1.4, 0.4, 0.10, bounces=True, lifetime=75, damage=8.0, flinches=True)
_GREEN_FIRE = Shot(105, 1.7, 0.0, 0.0, bounces=False, lifetime=50, damage=6.0, flinches=True)
_MISSILE = Shot(95, 2.1, 0.0, 0.0, bounces=False, lifetime=70, damage=7.0, flinches=True)
_JOLT = Shot(89, 1.6, -1.0, 0.09, bounces=True, lifetime=100, damage=7.0, flinches=True)
_TURNIP = Shot(99, 1.9, 1.3, 0.075, bounces=False, lifetime=140, damage=6.0, flinches=True, size=3.0)
_ICE = Shot(106, 1.5, 0.0, 0.09, bounces=True, lifetime=110, damage=4.0, flinches=True, size=3.0)
_ARROW = Shot(64, 3.2, 1.0, 0.05, bounces=False, lifetime=80, damage=6.0, flinches=True)
_EGG = Shot(86, 1.6, 2.2, 0.10, bounces=False, lifetime=90, damage=8.0, flinches=True, size=3.0)

#                     power size slow
_QUICK = attacks(1.10, 0.95, 0.90)
_EVEN = attacks(1.20, 1.00, 1.00)
_SWORD = attacks(1.20, 1.35, 1.05)
_HEAVY = attacks(1.50, 1.15, 1.20)
_SMALL = attacks(1.15, 0.80, 0.90)

# fmt: off
ROSTER: tuple[Character, ...] = (
    #          name              ext int cos  wt   grav  fall  fast  walk  dash  run   trac  aacc  aspd  afric
    # js full  short jx   dj   n  h    moves   shot          shoot up  speed
    Character("Captain Falcon",   0,  2, 6, 104, 0.13,  2.90, 3.50, 0.85, 2.00, 2.30, 0.08, 0.06, 1.12, 0.010, 4, 3.10, 1.90, 0.9, 2.8, 2, 14, _EVEN,  None,         347, 354, 2.9),
    Character("Fox",              2,  1, 4,  75, 0.23,  2.80, 3.40, 1.60, 2.02, 2.20, 0.08, 0.08, 0.83, 0.020, 3, 3.68, 2.10, 0.8, 4.1, 2, 11, _QUICK, _LASER_FOX,   344, 356, 3.8),
    Character("Link",             6,  6, 5, 104, 0.11,  2.13, 3.00, 1.20, 1.30, 1.30, 0.10, 0.06, 1.00, 0.005, 6, 2.56, 1.60, 1.0, 2.1, 2, 13, _SWORD, _ARROW,       345, 351, 2.5),
    Character("Luigi",            7, 17, 4, 100, 0.069, 1.60, 2.00, 1.10, 1.30, 1.34, 0.025, 0.05, 0.68, 0.010, 4, 2.40, 1.50, 0.7, 2.0, 2, 12, _EVEN,  _GREEN_FIRE,  342, 351, 2.4),
    Character("Mario",            8,  0, 5, 100, 0.095, 1.70, 2.30, 1.10, 1.50, 1.50, 0.06, 0.044, 0.86, 0.016, 4, 2.30, 1.40, 0.8, 2.2, 2, 11, _EVEN,  _FIREBALL,    344, 348, 2.4),
    Character("Marth",            9, 18, 5,  87, 0.085, 2.20, 2.50, 1.60, 1.50, 1.80, 0.06, 0.05, 0.90, 0.005, 4, 2.40, 1.50, 0.9, 2.0, 2, 13, _SWORD, None,         342, 368, 2.6),
    Character("Peach",           12,  9, 5,  90, 0.08,  1.50, 2.00, 0.85, 1.10, 1.30, 0.10, 0.07, 1.10, 0.040, 5, 2.40, 1.50, 0.9, 1.7, 2, 13, _EVEN,  _TURNIP,      365, 358, 2.1),
    Character("Pikachu",         13, 12, 4,  80, 0.11,  1.90, 2.70, 1.24, 1.80, 1.85, 0.09, 0.05, 0.85, 0.010, 3, 2.60, 1.50, 0.8, 2.4, 2,  9, _SMALL, _JOLT,        342, 355, 3.4),
    Character("Ice Climbers",    14, 10, 4,  88, 0.10,  1.60, 2.00, 0.95, 1.40, 1.40, 0.035, 0.047, 0.70, 0.020, 3, 2.60, 1.50, 0.8, 2.4, 2, 10, _EVEN,  _ICE,         342, 358, 2.5, follower_internal_id=11),
    Character("Jigglypuff",      15, 15, 5,  60, 0.064, 1.30, 1.60, 0.70, 1.40, 1.10, 0.09, 0.09, 1.35, 0.050, 5, 1.90, 1.20, 0.8, 1.6, 6,  8, _SMALL, None,         344, 360, 1.9),
    Character("Samus",           16, 13, 5, 110, 0.066, 1.40, 2.30, 1.00, 1.86, 1.40, 0.06, 0.033, 0.89, 0.010, 3, 2.10, 1.50, 0.9, 1.9, 2, 14, _EVEN,  _MISSILE,     348, 354, 2.2),
    Character("Yoshi",           17, 14, 6, 108, 0.093, 1.93, 2.93, 1.15, 1.33, 1.60, 0.06, 0.048, 1.20, 0.013, 5, 2.40, 1.50, 1.0, 2.6, 2, 12, _EVEN,  _EGG,         345, 360, 2.4),
    Character("Falco",           20, 22, 4,  80, 0.17,  3.10, 3.50, 1.40, 1.90, 1.50, 0.08, 0.07, 0.83, 0.020, 5, 4.10, 1.90, 0.9, 3.6, 2, 11, _QUICK, _LASER_FALCO, 344, 356, 3.4),
    Character("Dr. Mario",       22, 21, 5, 100, 0.095, 1.70, 2.30, 1.10, 1.50, 1.50, 0.06, 0.044, 0.90, 0.016, 4, 2.30, 1.40, 0.8, 2.2, 2, 11, _EVEN,  _PILL,        344, 348, 2.3),
    Character("Roy",             23, 26, 5,  85, 0.114, 2.40, 2.90, 1.20, 1.50, 1.61, 0.06, 0.05, 0.90, 0.005, 4, 2.50, 1.50, 0.9, 2.2, 2, 13, _SWORD, None,         342, 368, 2.7),
    Character("Ganondorf",       25, 25, 5, 109, 0.13,  2.00, 2.60, 0.73, 1.30, 1.35, 0.07, 0.06, 0.78, 0.020, 6, 2.60, 1.60, 0.9, 2.4, 2, 15, _HEAVY, None,         347, 354, 2.6),
)
# fmt: on

BY_EXTERNAL_ID = {character.external_id: character for character in ROSTER}
