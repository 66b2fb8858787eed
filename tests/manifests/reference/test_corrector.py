"""The planner and the corrector: what a plan is made of, and which values a corrector may see."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests import WindowSpec  # noqa: E402
from manifests.reference.corrector import Pupils, Temporal, judge_ways, mismatch  # noqa: E402
from manifests.reference.frames import NUM_HELD, Frames, open_states, some_frames  # noqa: E402
from manifests.reference.network import Scale, StateNet, cut  # noqa: E402
from manifests.reference.planner import HORIZON, NUM_STEPS, Lesson, Planner, candidates_of, lesson  # noqa: E402
from manifests.reference.unroll import begin  # noqa: E402

pytestmark = pytest.mark.torch
K, HIDDEN = 5, 16


@pytest.fixture
def frames(states: Path) -> Frames:
    return next(some_frames(open_states(str(states), WindowSpec(K + NUM_STEPS, start="any")), 8, 0))


@pytest.fixture
def planner(frames: Frames) -> Planner:
    torch.manual_seed(0)
    net = StateNet(Scale.of([frames]), frames.controls.shape[-1], context=K, hidden=HIDDEN)
    return Planner(net.eval(), candidates_of([frames], 4))


@torch.no_grad()
def test_a_plan_is_a_mean_of_the_candidates(planner: Planner, frames: Frames):
    plan = planner.plan(begin(planner.net, cut(frames, 0, K)))
    candidates = candidates_of([frames], 4)
    assert plan.shape == (8, HORIZON, frames.controls.shape[-1])
    assert (plan <= candidates.amax(0) + 1e-6).all()
    assert (plan >= candidates.amin(0) - 1e-6).all()


@torch.no_grad()
def test_a_plan_of_one_window_is_its_plan_among_others(planner: Planner, frames: Frames):
    alone = Frames._make(part[3:4] for part in frames)
    plans = planner.plan(begin(planner.net, cut(frames, 0, K)))
    assert torch.allclose(planner.plan(begin(planner.net, cut(alone, 0, K)))[0], plans[3], atol=1e-4)


def test_the_teacher_is_a_new_plan_from_what_happened(planner: Planner, frames: Frames):
    found = lesson(planner, frames)
    anew = planner.plan(begin(planner.net, cut(frames, 0, K + 2)))[:, 0, :NUM_HELD]
    assert torch.allclose(found.taught[:, 1], anew, atol=1e-3)
    assert torch.equal(found.held[:, 4], found.held[:, 0])
    assert (mismatch(found) > 0).all()


@torch.no_grad()
def test_the_transformer_sees_no_later_mismatch():
    torch.manual_seed(0)
    net = Temporal(HIDDEN).eval()
    seen = Lesson(*(torch.randn(2, NUM_STEPS, HIDDEN) for _ in range(2)),
                  *(torch.randn(2, NUM_STEPS, NUM_HELD) for _ in range(3)))  # fmt: skip
    later = seen._replace(real=torch.cat([seen.real[:, :3], seen.real[:, 3:] + 1], 1))
    assert torch.allclose(net(later)[:, :3], net(seen)[:, :3], atol=1e-5)
    assert not torch.allclose(net(later)[:, 3:], net(seen)[:, 3:], atol=1e-3)


def test_replanning_is_the_measure_and_a_fallback_is_replanning(
    planner: Planner, frames: Frames, states: Path
):
    windows = open_states(str(states), WindowSpec(K + NUM_STEPS, start="any"))
    tests = lesson(planner, frames)
    never, always = (judge_ways(Pupils(windows, planner, HIDDEN, 0), tests, limit) for limit in (1e9, -1.0))
    assert never["replan each step"]["error"] == 0
    assert never["3-step + two-tower"]["error_with_fallbacks"] == never["3-step + two-tower"]["error"] > 0
    assert always["3-step + two-tower"]["error_with_fallbacks"] == 0
    assert always["6-step + transformer"]["fallbacks_by_step"] == [1] * NUM_STEPS
    assert len(never["naive 3-step"]["error_by_step"]) == HORIZON - 1
