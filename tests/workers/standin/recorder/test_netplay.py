from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from workers.standin.recorder import Recording, RecordOptions, record
from workers.standin.recorder.dice import Dice, Draws
from workers.standin.recorder.netplay import Rollback, RollbackPlanner

if TYPE_CHECKING:
    from workers.standin.recorder.match import Frame


def _versions(made: Recording) -> dict[int, list[Frame]]:
    versions: dict[int, list[Frame]] = defaultdict(list)
    for instance in made.written:
        versions[instance.frame.slp_frame].append(instance.frame)
    return versions


@pytest.fixture(scope="module")
def much_rolled_back() -> Recording:
    return record(RecordOptions(21, num_frames=2400, rollback_share=0.2))


@pytest.mark.slow
def test_the_last_version_of_each_frame_is_the_match(much_rolled_back: Recording):
    versions = _versions(much_rolled_back)

    assert [versions[frame.slp_frame][-1] for frame in much_rolled_back.played.frames] == list(
        much_rolled_back.played.frames
    )


@pytest.mark.slow
def test_first_versions_are_often_wrong_and_never_by_themselves_marked(much_rolled_back: Recording):
    versions = _versions(much_rolled_back)
    repeated = [found for found in versions.values() if len(found) > 1]
    wrong = [found for found in repeated if found[0] != found[-1]]
    moved = [
        abs(a.post.x - b.post.x) + abs(a.post.y - b.post.y)
        for found in wrong
        for a, b in zip(found[0].fighters, found[-1].fighters, strict=False)
    ]

    assert max(map(len, versions.values())) >= 3
    assert len(wrong) > len(repeated) / 2
    assert max(moved) > 2.0


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_there_are_as_many_rewritten_frames_as_asked(share: float):
    made = record(RecordOptions(8, num_frames=2400, rollback_share=share))
    num_rewritten = len(made.written) - len(made.played.frames)

    assert abs(num_rewritten - share * 2400) <= 30
    assert num_rewritten > 0


def test_no_rollback_writes_each_frame_once():
    made = record(RecordOptions(8, num_frames=600, rollback_share=0))

    assert [instance.frame for instance in made.written] == list(made.played.frames)
    assert all(instance.finalized_slp_frame <= instance.frame.slp_frame for instance in made.written)


def test_what_is_finalised_is_never_written_again(much_rolled_back: Recording):
    final = -124
    for instance in much_rolled_back.written:
        assert instance.frame.slp_frame > final
        assert instance.finalized_slp_frame >= final or instance.finalized_slp_frame == -123
        assert 0 <= instance.frame.slp_frame - instance.finalized_slp_frame <= 7
        final = max(final, min(instance.finalized_slp_frame, instance.frame.slp_frame - 1))


def test_rollbacks_reach_the_depth_that_slippi_allows(much_rolled_back: Recording):
    depths = {rollback.depth for rollback in much_rolled_back.played.rollbacks}

    assert depths == set(range(1, 8))


@pytest.mark.parametrize("tail", [0, 1, 3])
def test_the_tail_is_written_once_and_left_open(tail: int):
    made = record(RecordOptions(9, num_frames=700, unfinalised_tail=tail))
    last = made.played.last_slp_frame
    open_frames = [
        instance.frame.slp_frame for instance in made.written if instance.frame.slp_frame > last - tail
    ]

    assert made.written[-1].finalized_slp_frame == last - tail
    assert open_frames == list(range(last - tail + 1, last + 1))


def test_a_guess_leaves_the_true_match_alone(much_rolled_back: Recording):
    first = much_rolled_back.played.rollbacks[3].first_slp_frame
    once = much_rolled_back.played.guess(first, first + 5)

    assert much_rolled_back.played.guess(first, first + 5) == once


@pytest.mark.parametrize(("depth", "settled"), [(0, 0), (8, 0), (3, 3), (3, -1)])
def test_an_impossible_rollback_fails(depth: int, settled: int):
    with pytest.raises(ValueError, match="a rollback of depth"):
        Rollback(100, depth, settled)


def test_planned_rollbacks_do_not_touch_each_other():
    planner = RollbackPlanner(0.5, Dice(3, Draws.NETPLAY))
    planned = [planner.consider(frame, remote_changed=frame % 5 == 0) for frame in range(-123, 2000)]
    rollbacks = [rollback for rollback in planned if rollback is not None]

    assert len(rollbacks) > 50
    for earlier, later in itertools.pairwise(rollbacks):
        assert later.first_slp_frame >= earlier.exclusive_end_slp_frame
