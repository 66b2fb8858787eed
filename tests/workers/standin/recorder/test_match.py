from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest

from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import RecordOptions, record
from workers.standin.recorder.actions import DAMAGED, DEAD, Act

if TYPE_CHECKING:
    from workers.standin.recorder import Recording
    from workers.standin.recorder.fighter import PostState
    from workers.standin.recorder.match import FighterFrame

pytestmark = pytest.mark.slow


def _pairs(made: Recording) -> list[tuple[FighterFrame, FighterFrame]]:
    """Each fighter's records of two consecutive frames, wherever the fighter is in both."""
    found = []
    for before, after in itertools.pairwise(made.played.frames):
        known = {(one.port, one.is_follower): one for one in before.fighters}
        for one in after.fighters:
            if (one.port, one.is_follower) in known:
                found += [(known[one.port, one.is_follower], one)]
    return found


def _posts(long_ones: tuple[Recording, ...]) -> list[PostState]:
    return [one.post for made in long_ones for frame in made.played.frames for one in frame.fighters]


def test_minutes_of_play_show_what_a_match_is_made_of(long_ones: tuple[Recording, ...]):
    actions = {post.action for post in _posts(long_ones)}
    wanted = {
        Act.WAIT, Act.TURN, Act.DASH, Act.RUN, Act.RUN_BRAKE, Act.JUMP_SQUAT, Act.JUMP_FORWARD,
        Act.DOUBLE_JUMP_FORWARD, Act.FALL, Act.SPECIAL_FALL, Act.TUMBLE, Act.CROUCH, Act.LANDING,
        Act.LANDING_SPECIAL, Act.JAB_1, Act.DASH_ATTACK, Act.FORWARD_SMASH, Act.NEUTRAL_AIR, Act.FORWARD_AIR,
        Act.BACK_AIR, Act.UP_AIR, Act.DOWN_AIR, Act.NEUTRAL_AIR_LANDING, Act.SHIELD_START, Act.SHIELD,
        Act.SHIELD_STUN, Act.ROLL_FORWARD, Act.GRAB,
        Act.SPOT_DODGE, Act.DAMAGE_FLY_TOP, Act.DAMAGE_FLY_ROLL, Act.DOWN_BOUND, Act.REBIRTH,
        Act.REBIRTH_WAIT,
        Act.LEDGE_CATCH, Act.LEDGE_WAIT, Act.PLATFORM_DROP, Act.AIR_DODGE, Act.ENTRY, Act.ENTRY_START,
    }  # fmt: skip

    assert {act.name for act in map(Act, wanted)} - {Act(a).name for a in actions if a in set(Act)} == set()
    assert actions & DEAD


def test_play_is_lively(long_ones: tuple[Recording, ...]):
    posts = _posts(long_ones)
    airborne = sum(post.airborne for post in posts) / len(posts)
    pairs = [(a.post, b.post) for made in long_ones for a, b in _pairs(made)]
    still = sum(abs(a.x - b.x) + abs(a.y - b.y) < 0.01 for a, b in pairs) / len(pairs)
    hits = sum(b.percent > a.percent for a, b in pairs)
    kills = sum(b.action in DEAD and a.action not in DEAD for a, b in pairs)

    assert 0.3 < airborne < 0.75
    assert still < 0.35
    assert hits > 12 * len(long_ones)
    assert kills >= len(long_ones)


def test_every_number_is_one_the_game_could_write(long_ones: tuple[Recording, ...]):
    for post in _posts(long_ones):
        assert all(math.isfinite(value) for value in post if isinstance(value, float))
        assert 0 <= post.shield <= 60
        assert 0 <= post.percent <= 999
        assert 0 <= post.jumps_left <= 6
        assert post.facing in (-1.0, 1.0)
        assert post.hurtbox in (0, 1, 2)
        assert post.l_cancel in (0, 1, 2)
        assert abs(post.x) < 300
        assert abs(post.y) < 350


def test_nobody_jumps_through_space(long_ones: tuple[Recording, ...]):
    """Only a respawn or grabbing a ledge moves a fighter farther in one frame than it can fly."""
    for made in long_ones:
        for before, after in _pairs(made):
            old, new = before.post, after.post
            if new.action in (Act.REBIRTH, Act.LEDGE_CATCH):
                continue
            assert abs(new.x - old.x) + abs(new.y - old.y) < 14, (made.setup.options.seed, old, new)


def test_nobody_stands_in_the_air_or_sinks_into_the_floor(long_ones: tuple[Recording, ...]):
    for made in long_ones:
        floors = made.setup.stage.surfaces
        for frame in made.played.frames:
            for one in frame.fighters:
                post = one.post
                held = Act.CAPTURE_PULLED <= post.action <= Act.CAPTURE_WAIT or 239 <= post.action <= 242
                if not post.airborne and not held:
                    heights = [
                        p.y_at(post.x) for p in floors if p.ground_id == post.ground_id and p.holds(post.x)
                    ]
                    assert heights, (made.setup.options.seed, post)
                    assert min(abs(post.y - height) for height in heights) < 0.6


def test_hitlag_freezes_both_and_counts_down(long_ones: tuple[Recording, ...]):
    num_frozen = 0
    for made in long_ones:
        for before, after in _pairs(made):
            if before.post.hitlag > 0 and after.post.hitlag == before.post.hitlag - 1:
                num_frozen += 1
                assert (before.post.x, before.post.y) == (after.post.x, after.post.y)
                assert before.post.age == after.post.age
    assert num_frozen > 100


def test_a_hit_brings_percent_hitstun_and_a_damage_action(long_ones: tuple[Recording, ...]):
    num_hits = 0
    for made in long_ones:
        for before, after in _pairs(made):
            flinched = after.post.percent > before.post.percent and after.post.action in DAMAGED
            if flinched and after.post.action != before.post.action:
                num_hits += 1
                assert after.post.misc > 0
                assert after.post.flags4 & 0x02
                assert after.post.last_hit_by != after.port
    assert num_hits > 30


def test_more_percent_sends_farther(long_ones: tuple[Recording, ...]):
    """Over all hits that make a fighter tumble, a higher percent goes with a higher launch speed."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    for made in long_ones:
        for before, after in _pairs(made):
            if after.post.percent > before.post.percent and after.post.action in DAMAGED:
                speed = abs(after.post.vx_attack) + abs(after.post.vy_attack)
                speeds[after.post.percent > 60].append(speed)
    means = {high: sum(found) / len(found) for high, found in speeds.items()}

    assert means[True] > 1.3 * means[False]


def test_a_death_costs_a_stock_and_the_next_life_starts_fresh(long_ones: tuple[Recording, ...]):
    deaths = 0
    for made in long_ones:
        for before, after in _pairs(made):
            if before.is_follower:
                continue
            if after.post.action in DEAD and before.post.action not in DEAD:
                deaths += 1
                assert after.post.stocks == before.post.stocks - 1
            else:
                assert after.post.stocks == before.post.stocks
            if after.post.action == Act.REBIRTH and before.post.action != Act.REBIRTH:
                assert after.post.percent == 0
                assert after.post.hurtbox == 1
    assert deaths > 3


def test_a_pad_counts_from_the_first_playable_frame_on(long_ones: tuple[Recording, ...]):
    """The players push their sticks before that frame, too."""
    counted = []
    for made in long_ones:
        assert any(any(map(any, pads)) for pads in made.played.pads[: 123 - 39])
        moved = [any(any(one.pre.pad) for one in frame.fighters) for frame in made.played.frames]
        counted.append(moved.index(True))
    assert min(counted) == 123 - 39


def test_pre_state_is_the_post_state_of_the_frame_before(long_ones: tuple[Recording, ...]):
    for made in long_ones:
        for before, after in _pairs(made):
            assert (after.pre.action, after.pre.x, after.pre.y) == (
                before.post.action,
                before.post.x,
                before.post.y,
            )


def test_projectiles_have_owners_and_serial_numbers(long_ones: tuple[Recording, ...]):
    seen: dict[tuple[int, int], int] = {}
    for number, made in enumerate(long_ones):
        for frame in made.played.frames:
            assert len(frame.items) <= 15
            for item in frame.items:
                assert item.owner in made.setup.options.ports
                seen[number, item.spawn_id] = seen.get((number, item.spawn_id), 0) + 1
    assert len(seen) > 10
    assert max(seen.values()) > 20  # number of frames for which one projectile exists


def test_a_follower_stays_with_its_leader(recording: Recording):
    frames = [frame for frame in recording.played.frames if len(frame.fighters) == 3]
    apart = sorted(abs(frame.fighters[0].post.x - frame.fighters[1].post.x) for frame in frames)

    assert all(frame.fighters[1].is_follower and frame.fighters[1].post.character == 11 for frame in frames)
    assert apart[len(apart) // 2] < 40


def test_a_dead_follower_is_not_there_until_its_leader_returns():
    made = record(RecordOptions(5, num_frames=2100, characters=(14, 20), rollback_share=0.1))
    there = [any(one.is_follower for one in frame.fighters) for frame in made.played.frames]
    gone = there.index(False)
    back = there.index(True, gone)

    before, returns = made.played.frames[gone - 1], made.played.frames[back]
    assert next(one for one in before.fighters if one.is_follower).post.action in DEAD
    assert returns.fighters[0].post.action == Act.REBIRTH
    table = state_table(read_replay(made.data))
    assert table.values("p0n.present").tolist() == there
    assert table.valid("p0n.x").tolist() == there
