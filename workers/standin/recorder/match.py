"""Simulate a match of fighters, projectiles and stage, frame by frame, from the inputs of two pads."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

from manifests.state.schema import FIRST_PLAYABLE_SLP_FRAME, FIRST_SLP_FRAME
from workers.standin.recorder import combat, grabs, motion, respawn
from workers.standin.recorder.action_rules import carry_on
from workers.standin.recorder.actions import Act
from workers.standin.recorder.aerial import SHOOT_FRAME
from workers.standin.recorder.controls import SHIELD_TRIGGER, Controls, Scene, read_controls
from workers.standin.recorder.defence import SHIELD_REGROWTH
from workers.standin.recorder.fighter import FULL_SHIELD, Fighter, PostState, PreState
from workers.standin.recorder.moves import Attack
from workers.standin.recorder.pad import LEFT_TRIGGER, NEUTRAL, RIGHT_TRIGGER, Pad
from workers.standin.recorder.projectile import ItemState, Projectile, launched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.replay.stage_geometry import Stage
    from workers.standin.recorder.roster import Character
    from workers.standin.recorder.stage_script import StageScript

MAX_ITEMS = 15
FOLLOWER_DELAY = 6
FOLLOWER_APART = 30.0
_GROUND_LEDGE = range(Act.LEDGE_CATCH, Act.LEDGE_JUMP + 1)
_OFF_SCREEN_MARGIN = 12.0


class FighterFrame(NamedTuple):
    """The two records of one fighter in a frame: before and after it."""

    port: int
    is_follower: bool
    pre: PreState
    post: PostState


class Frame(NamedTuple):
    """One simulated frame, as the game would record it. Fighters by port, a leader before its follower."""

    slp_frame: int
    seed: int
    fighters: tuple[FighterFrame, ...]
    items: tuple[ItemState, ...]
    platform_moves: tuple[tuple[int, float], ...]
    wind: int
    transformation: tuple[int, int]


class Match:
    """The state of a match between two ports; `copy` gives a snapshot to roll back to."""

    def __init__(
        self, script: StageScript, stage: Stage, characters: Sequence[Character], ports: Sequence[int], *,
        stocks: int, seed: int,
    ) -> None:  # fmt: skip
        self.stage = stage
        self._script = script
        self._seed = seed
        self._next_instance = 1
        self._next_spawn = 0
        self.projectiles: tuple[Projectile, ...] = ()
        self.leaders = [
            Fighter(character, port, spawn, stocks=stocks)
            for character, port, spawn in zip(characters, ports, stage.spawns, strict=True)
        ]
        self.followers = [
            None
            if leader.character.follower_internal_id is None
            else Fighter(
                leader.character, leader.port, _beside(leader.spawn), stocks=stocks, is_follower=True
            )
            for leader in self.leaders
        ]

    def copy(self) -> Match:
        """Return a snapshot: stepping either match does not change the other."""
        twin = copy.copy(self)
        twin.leaders = [fighter.copy() for fighter in self.leaders]
        twin.followers = [None if fighter is None else fighter.copy() for fighter in self.followers]
        return twin

    @property
    def is_over(self) -> bool:
        """Whether somebody has no stock left."""
        return any(leader.stocks == 0 for leader in self.leaders)

    def fighters(self) -> list[Fighter]:
        """Return all fighters that are present, by port, a leader before its follower."""
        both = zip(self.leaders, self.followers, strict=True)
        return [one for pair in both for one in pair if one is not None and one.present]

    def step(self, slp_frame: int, pads: Sequence[Pad]) -> Frame:
        """Play one frame with the two leaders' pads; return its record."""
        scene = Scene(self.stage, self._script.at(slp_frame), self._script.at(slp_frame - 1), slp_frame)
        counts = slp_frame >= FIRST_PLAYABLE_SLP_FRAME
        for index, leader in enumerate(self.leaders):
            _give_pad(leader, pads[index] if counts else NEUTRAL)
            leader.pad_history = (*leader.pad_history[-FOLLOWER_DELAY:], leader.pad)
            follower = self.followers[index]
            if follower is not None and follower.present:
                _give_pad(follower, _follow(follower, leader) if counts else NEUTRAL)
        fighters = self.fighters()
        for fighter in fighters:
            # Slippi records this before anything moves: the state at the end of the last frame.
            fighter.pre = PreState(
                fighter.action, fighter.x, fighter.y, fighter.facing, fighter.percent, fighter.pad
            )
        motion.push_apart(self.leaders[0], self.leaders[1], scene)
        for fighter in fighters:
            self._play(fighter, scene)
        self._exchange_hits(scene)
        for fighter in fighters:
            self._settle(fighter, scene)
        return self._record(scene, fighters)

    def _play(self, fighter: Fighter, scene: Scene) -> None:
        """Advance one fighter by a frame: its timers, its action, its movement."""
        fighter.entered = False
        fighter.l_cancel = 0
        _count_down(fighter)
        if fighter.hitlag > 0:
            fighter.hitlag -= 1
            return
        controls = read_controls(fighter)
        fighter.advance_age()
        if fighter.grabbing >= 0:
            grabs.hold(fighter, self._leader(fighter.grabbing), controls)
        carry_on(fighter, controls, scene)
        self._shoot(fighter)
        _move(fighter, scene, controls)

    def _leader(self, port: int) -> Fighter:
        return next(leader for leader in self.leaders if leader.port == port)

    def _shoot(self, fighter: Fighter) -> None:
        shot = fighter.character.shot
        ready = fighter.action == fighter.character.shoot_action and fighter.action_frames == SHOOT_FRAME
        if shot is None or not ready or fighter.follower or len(self.projectiles) >= MAX_ITEMS:
            return
        self.projectiles = (*self.projectiles, launched(fighter, shot, self._next_spawn))
        self._next_spawn += 1

    def _exchange_hits(self, scene: Scene) -> None:
        """Find all hits of this frame, then let all of them land, so that neither player comes first."""
        fighters = self.fighters()
        found: list[tuple[Fighter, Fighter, Attack]] = []
        for attacker in fighters:
            attack = attacker.attack
            if attack is None or attacker.hitlag > 0 or attacker.attack_connected:
                continue
            if not attack.first_active <= attacker.action_frames <= attack.last_active:
                continue
            for victim in fighters:
                is_open = victim.port != attacker.port and combat.can_be_hit(victim) and victim.held_by < 0
                if is_open and combat.reaches(attacker, attack, victim):
                    found.append((attacker, victim, attack))
        for attacker, victim, attack in found:
            self._let_go_of_grab(victim)
            side = attacker.facing
            if combat.is_shielding(victim):
                combat.hit_shield(victim, attack, side)
            else:
                combat.hit(victim, attack, side, attacker)
            combat.recoil(attacker, attack)
        self._fly(scene, fighters)
        for leader, other in ((self.leaders[0], self.leaders[1]), (self.leaders[1], self.leaders[0])):
            grabs.seize(leader, other)

    def _let_go_of_grab(self, fighter: Fighter) -> None:
        if fighter.grabbing >= 0:
            held = self._leader(fighter.grabbing)
            fighter.grabbing = held.held_by = -1

    def _fly(self, scene: Scene, fighters: Sequence[Fighter]) -> None:
        """Move the projectiles and let them hit."""
        flying = []
        for projectile in self.projectiles:
            after = projectile.flown(scene)
            if after is not None and not self._strike(after, fighters):
                flying.append(after)
        self.projectiles = tuple(flying)

    def _strike(self, projectile: Projectile, fighters: Sequence[Fighter]) -> bool:
        shot = projectile.shot
        for victim in fighters:
            if victim.port == projectile.owner or not combat.can_be_hit(victim) or victim.held_by >= 0:
                continue
            if not combat.touches(projectile.x, projectile.y, shot.size, victim):
                continue
            attack = Attack(
                Act.WAIT, 18, 1, 1, 1, shot.damage, 45, 5 if shot.flinches else 0, 35, 0, 7.0, 1.0
            )
            side = 1.0 if projectile.vx > 0 else -1.0
            owner = self._leader(projectile.owner)
            if combat.is_shielding(victim):
                combat.hit_shield(victim, attack, side)
            elif shot.flinches:
                self._let_go_of_grab(victim)
                combat.hit(victim, attack, side, owner)
            elif victim.invulnerable_frames == 0:
                victim.percent += shot.damage
                victim.last_hit_by, owner.last_attack_landed = owner.port, attack.attack_id
            return True
        return False

    def _settle(self, fighter: Fighter, scene: Scene) -> None:
        """Finish the frame: find who died, and number new actions."""
        if not fighter.is_out and fighter.action not in (Act.REBIRTH, Act.REBIRTH_WAIT):
            death = motion.out_of_bounds(fighter, scene)
            if death is not None:
                self._let_go_of_grab(fighter)
                respawn.die(fighter, death)
        if fighter.action == Act.REBIRTH and fighter.action_frames == 0 and not fighter.follower:
            self._bring_back_follower(fighter, scene)
        if fighter.entered:
            fighter.instance_id = self._next_instance % 65536
            self._next_instance += 1

    def _bring_back_follower(self, leader: Fighter, scene: Scene) -> None:
        follower = self.followers[self.leaders.index(leader)]
        if follower is not None and not follower.present:
            follower.stocks = leader.stocks
            respawn.come_back(follower, scene, offset=-leader.facing * 10.0)

    def _record(self, scene: Scene, fighters: Sequence[Fighter]) -> Frame:
        stage = scene.stage
        rows = []
        for fighter in fighters:
            off_screen = (
                fighter.y > stage.top - _OFF_SCREEN_MARGIN
                or fighter.x < stage.left + _OFF_SCREEN_MARGIN
                or fighter.x > stage.right - _OFF_SCREEN_MARGIN
            )
            post = fighter.post(is_off_screen=off_screen)
            rows.append(FighterFrame(fighter.port, fighter.follower, fighter.pre, post))
        # Online games set a new seed in each frame, in steps of 65,536 from the game's own seed.
        seed = (self._seed + 65536 * (scene.slp_frame - FIRST_SLP_FRAME)) % 2**32
        moment = scene.moment
        return Frame(
            scene.slp_frame, seed, tuple(rows), tuple(projectile.state() for projectile in self.projectiles),
            moment.platform_moves, moment.wind, moment.transformation,
        )  # fmt: skip


def _beside(spawn: tuple[float, float]) -> tuple[float, float]:
    x, y = spawn
    return (x - 6.0 if x < 0 else x + 6.0, y)


def _give_pad(fighter: Fighter, pad: Pad) -> None:
    fighter.previous_pad, fighter.pad = fighter.pad, pad
    pressed = pad.buttons & ~fighter.previous_pad.buttons & (LEFT_TRIGGER | RIGHT_TRIGGER)
    analog = max(pad.left, pad.right) >= SHIELD_TRIGGER
    before = max(fighter.previous_pad.left, fighter.previous_pad.right) >= SHIELD_TRIGGER
    fresh = pressed or (analog and not before)
    fighter.frames_since_trigger = 0 if fresh else min(99, fighter.frames_since_trigger + 1)


def _follow(follower: Fighter, leader: Fighter) -> Pad:
    """Return a follower's pad: its leader's, some frames late, or a run towards a leader far away."""
    apart = leader.x - follower.x
    if abs(apart) < FOLLOWER_APART or leader.is_out:
        return leader.pad_history[0]
    hops = follower.action == Act.WAIT or (
        follower.airborne and follower.vy < -0.5 and follower.jumps_left > 0
    )
    wants_up = leader.y > follower.y + 15 or (follower.airborne and follower.y < -5)
    buttons = 0x0400 if hops and wants_up and not follower.pad.buttons & 0x0400 else 0
    return Pad(main_x=90 if apart > 0 else -90, buttons=buttons)


def _count_down(fighter: Fighter) -> None:
    """Advance the timers that always run, whatever the fighter does."""
    if fighter.intangible_frames > 0:
        fighter.intangible_frames -= 1
    if fighter.invulnerable_frames > 0:
        fighter.invulnerable_frames -= 1
    if fighter.ledge_lock_frames > 0:
        fighter.ledge_lock_frames -= 1
    if fighter.drop_frames > 0:
        fighter.drop_frames -= 1
    if not Act.SHIELD_START <= fighter.action <= Act.SHIELD_STUN and fighter.shield < FULL_SHIELD:
        fighter.shield = min(FULL_SHIELD, fighter.shield + SHIELD_REGROWTH)


def _move(fighter: Fighter, scene: Scene, controls: Controls) -> None:
    """Move the fighter by its speeds, unless something else determines its position."""
    placed = fighter.is_out or fighter.held_by >= 0 or fighter.action in _GROUND_LEDGE
    if placed or Act.ENTRY <= fighter.action <= Act.ENTRY_END:
        return
    if fighter.action in (Act.REBIRTH, Act.REBIRTH_WAIT):
        return
    if fighter.airborne:
        motion.move_airborne(fighter, scene, controls)
    else:
        motion.move_grounded(fighter, scene)
    motion.decay_knockback(fighter)
