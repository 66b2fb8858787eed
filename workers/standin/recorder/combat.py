"""Compute hits: which attack reaches whom, the damage, and where the victim is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder.actions import SHIELDING, Act
from workers.standin.recorder.defence import break_shield
from workers.standin.recorder.grounded import leave_ground
from workers.standin.recorder.unit_vectors import direction

if TYPE_CHECKING:
    from workers.standin.recorder.fighter import Fighter
    from workers.standin.recorder.moves import Attack

LAUNCH_SPEED = 0.03  # units per frame, per unit of knockback
HITSTUN = 0.4  # frames per unit of knockback
TUMBLE_FROM = 80.0  # knockback
SHIELD_DAMAGE = 0.7
MAX_KNOCKBACK = 250.0


def reaches(attacker: Fighter, attack: Attack, victim: Fighter) -> bool:
    """Return whether the attack's circle touches the victim's body, an upright box."""
    x = attacker.x + attacker.facing * attack.reach
    y = attacker.y + attack.height
    return touches(x, y, attack.radius, victim)


def touches(x: float, y: float, radius: float, victim: Fighter) -> bool:
    """Return whether a circle touches the victim's body."""
    dx = max(abs(x - victim.x) - victim.width, 0.0)
    dy = max(victim.y - y, y - (victim.y + victim.character.height), 0.0)
    return dx * dx + dy * dy <= radius * radius


def knockback(percent: float, attack: Attack, weight: float) -> float:
    """Return the knockback by Melee's formula; the victim's percent includes this hit's damage already."""
    heavy = 200.0 / (weight + 100.0)
    raw = (percent / 10 + percent * attack.damage / 20) * heavy * 1.4 + 18
    return min(MAX_KNOCKBACK, raw * attack.knockback_growth / 100 + attack.knockback_base)


def hitlag_of(damage: float) -> int:
    """Return the hitlag: the number of frames for which both fighters stand still."""
    return min(20, int(damage / 3) + 3)


def can_be_hit(victim: Fighter) -> bool:
    """Return False for fighters that are dead, entering, or intangible."""
    out = victim.is_out or victim.action in (Act.ENTRY, Act.ENTRY_START, Act.ENTRY_END)
    return not out and not victim.is_intangible


def is_shielding(victim: Fighter) -> bool:
    """Return whether a raised shield takes the hit."""
    return victim.action in SHIELDING


def hit_shield(victim: Fighter, attack: Attack, side: float) -> None:
    """Let a shield take the hit: it shrinks, and the fighter behind it slides back."""
    victim.shield -= attack.damage * SHIELD_DAMAGE
    victim.hitlag = hitlag_of(attack.damage)
    victim.is_defender_in_hitlag = False  # hitlag of a shield does not count
    if victim.shield <= 0:
        break_shield(victim)
        return
    victim.lag_frames = int(attack.damage * 0.45) + 2
    victim.enter(Act.SHIELD_STUN, length=victim.lag_frames, spans=20.0)
    victim.vx_ground = side * min(1.6, 0.3 + attack.damage * 0.06)


def hit(victim: Fighter, attack: Attack, side: float, attacker: Fighter) -> None:
    """Let a hit land; `side` is 1.0 if an angle of 0 degrees sends to the right, else -1.0."""
    victim.last_hit_by = attacker.port
    victim.hit_by_instance = attacker.instance_id
    attacker.last_attack_landed = attack.attack_id
    in_combo = victim.hitstun > 0
    attacker.combo_count = min(255, attacker.combo_count + 1) if in_combo else 1
    if victim.invulnerable_frames > 0:
        return
    victim.percent = min(999.0, victim.percent + attack.damage)
    victim.hitlag = hitlag_of(attack.damage)
    victim.is_defender_in_hitlag = True
    force = knockback(victim.percent, attack, victim.character.weight)
    launch(victim, attack, force, side)


def launch(victim: Fighter, attack: Attack, force: float, side: float) -> None:
    """Launch the victim: set its speeds, its hitstun, and its action."""
    along, up = direction(attack.angle)
    speed = force * LAUNCH_SPEED
    if not victim.airborne and up < 0:  # spiked into the floor: it bounces
        up = -up * 0.8
    victim.vx_attack, victim.vy_attack = side * along * speed, up * speed
    victim.vx_air = victim.vx_ground = victim.vy = 0.0
    victim.fast_falling = False
    victim.hitstun = max(1, int(force * HITSTUN))
    victim.ledge_side = 0
    victim.held_by = -1
    victim.tumbles = force >= TUMBLE_FROM
    lifts = victim.tumbles or (up > 0.35 and force > 45)
    if lifts and not victim.airborne:
        leave_ground(victim)
    if abs(along) > 0.1:
        victim.facing = -1.0 if side * along > 0 else 1.0
    victim.enter(_damage_action(victim, attack, up, force))


def _damage_action(victim: Fighter, attack: Attack, up: float, force: float) -> int:
    where = 0 if attack.height > victim.character.height * 0.8 else 1 if attack.height >= 4.5 else 2
    if victim.tumbles:
        if up > 0.94:
            return Act.DAMAGE_FLY_TOP
        return Act.DAMAGE_FLY_ROLL if force > 130 else Act.DAMAGE_FLY_HIGH + where
    strength = 0 if force < 30 else 1 if force < 55 else 2
    if victim.airborne:
        return Act.DAMAGE_AIR_1 + strength
    return Act.DAMAGE_HIGH_1 + 3 * where + strength


def recoil(attacker: Fighter, attack: Attack) -> None:
    """Give the attacker its hitlag."""
    attacker.hitlag = hitlag_of(attack.damage)
    attacker.is_defender_in_hitlag = False
    attacker.attack_connected = True
