"""The attacks that every fighter has: when, where and how hard they hit. The roster scales them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workers.standin.recorder.actions import Act


@dataclass(frozen=True)
class Attack:
    """One attack. Frames count from 1; lengths in Melee units from the feet, ahead."""

    action: Act
    attack_id: int
    num_frames: int
    first_active: int
    last_active: int
    damage: float
    angle: int  # degrees above the facing direction
    knockback_base: float
    knockback_growth: float
    reach: float
    height: float
    radius: float
    landing_lag: int = 0

    @property
    def is_aerial(self) -> bool:
        """Whether it is one of the five attacks in the air."""
        return Act.NEUTRAL_AIR <= self.action <= Act.DOWN_AIR

    def scaled(self, power: float, size: float, slowness: float) -> Attack:
        """Return this attack of a stronger, larger or slower fighter; frames are rounded down."""
        stretch = int((self.num_frames - 1) * slowness) + 1
        first = max(1, int(self.first_active * slowness))
        return replace(
            self,
            num_frames=stretch,
            first_active=first,
            last_active=first + self.last_active - self.first_active,
            damage=int(self.damage * power * 4) / 4,
            reach=self.reach * size,
            height=self.height * size,
            radius=self.radius * size,
            landing_lag=int(self.landing_lag * slowness),
        )


#            action              id  n  first last dmg  ang base growth reach height radius lag
_ATTACKS = (
    Attack(Act.JAB_1,             2, 16,  3,  5,  4.0,  70,  8,  80,  7.0,  8.0, 4.5),
    Attack(Act.JAB_2,             3, 18,  3,  6,  4.0,  65, 12,  90,  7.5,  8.0, 4.8),
    Attack(Act.DASH_ATTACK,       6, 36,  5, 14,  8.0,  72, 45,  70,  8.0,  7.0, 6.0),
    Attack(Act.FORWARD_TILT,      7, 27,  5,  9,  9.0,  40, 12, 100, 12.0,  7.0, 5.0),
    Attack(Act.UP_TILT,           8, 24,  5, 12,  9.0, 100, 24, 120,  3.0, 15.0, 7.0),
    Attack(Act.DOWN_TILT,         9, 28,  7, 10,  9.0,  75, 30, 105, 11.0,  3.0, 5.0),
    Attack(Act.FORWARD_SMASH,    10, 42, 13, 20, 16.0,  38, 24, 100, 13.0,  8.0, 6.5),
    Attack(Act.UP_SMASH,         11, 40,  8, 15, 16.0,  82, 30, 105,  2.0, 18.0, 9.0),
    Attack(Act.DOWN_SMASH,       12, 44,  7, 11, 14.0,  28, 24,  85,  0.0,  4.0, 13.0),
    Attack(Act.NEUTRAL_AIR,      13, 36,  4, 26, 10.0,  45, 14, 100,  3.0,  8.0, 7.5, 15),
    Attack(Act.FORWARD_AIR,      14, 38,  6, 16, 11.0,  48, 20, 100,  9.0,  9.0, 7.0, 19),
    Attack(Act.BACK_AIR,         15, 32,  5, 13, 13.0, 140, 18, 102, -9.0,  8.0, 6.5, 17),
    Attack(Act.UP_AIR,           16, 34,  6, 13, 12.0,  80, 22, 110,  1.0, 17.0, 8.0, 18),
    Attack(Act.DOWN_AIR,         17, 40,  9, 22, 12.0, -75, 16,  90,  2.0, -1.0, 7.0, 22),
)  # fmt: skip


def attacks(power: float, size: float, slowness: float) -> dict[int, Attack]:
    """Return all attacks of one character by action id."""
    return {int(attack.action): attack.scaled(power, size, slowness) for attack in _ATTACKS}


LEDGE_ATTACK = Attack(Act.LEDGE_ATTACK, 62, 50, 20, 26, 8.0, 45, 40, 60, 10.0, 6.0, 9.0)

THROWS: dict[int, Attack] = {
    int(throw.action): throw
    for throw in (
        Attack(Act.THROW_FORWARD, 53, 28, 14, 14, 7.0, 45, 65, 70, 8.0, 8.0, 1.0),
        Attack(Act.THROW_BACK, 54, 32, 16, 16, 8.0, 135, 70, 75, -8.0, 8.0, 1.0),
        Attack(Act.THROW_UP, 55, 30, 12, 12, 6.0, 88, 70, 80, 2.0, 16.0, 1.0),
        Attack(Act.THROW_DOWN, 56, 36, 20, 20, 7.0, 70, 55, 60, 3.0, 2.0, 1.0),
    )
}
"""Return the four throws by action id; `first_active` is the frame of release."""
