"""The state network: its output before training, the inputs that it sees, and its rollouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests import WindowSpec  # noqa: E402
from manifests.reference.frames import HEADS, IDS, VALUES, Frames, open_states, some_frames  # noqa: E402
from manifests.reference.network import ARCHS, Scale, StateNet, cut  # noqa: E402
from manifests.reference.rollout import roll  # noqa: E402
from manifests.reference.scoring import NO_EXTRAS, judge, state_loss  # noqa: E402
from manifests.reference.speculate import two_policies  # noqa: E402
from manifests.reference.unroll import advance, as_frame, begin, enter, foresee, ranges  # noqa: E402

pytestmark = pytest.mark.torch
K = 5
ACTION, AGE = list(IDS).index("action"), list(IDS).index("age")


@pytest.fixture(scope="module")
def frames(states: Path, tmp_path_factory: pytest.TempPathFactory) -> Frames:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOLPHIN_FARM_CACHE", str(tmp_path_factory.mktemp("cache")))
        dataset = open_states(str(states), WindowSpec(K + 6, start="any", lookahead=1))
        return next(some_frames(dataset, 16, 0))


def net_of(frames: Frames, **options: Any) -> StateNet:
    torch.manual_seed(0)
    return StateNet(Scale.of([frames]), frames.controls.shape[-1], context=K, hidden=16, **options).eval()


@pytest.mark.parametrize("arch", ARCHS)
@torch.no_grad()
def test_an_untrained_network_says_that_classes_stay_and_places_move_on(arch: str, frames: Frames):
    said = net_of(frames, arch=arch)(frames)
    for place, name in enumerate(HEADS):
        assert torch.equal(said.logits[name][:, 0].argmax(-1), frames.ids[:, K - 1, :, place])
    moved = 2 * frames.values[:, K - 1, :, :2] - frames.values[:, K - 2, :, :2]
    assert torch.allclose(said.values[:, 0, :, :2], moved, atol=1e-4)
    assert torch.equal(said.values[:, 0, :, 2:], frames.values[:, K - 1, :, 2:])


@pytest.mark.parametrize("num_inputs", [0, 1, 2])
@torch.no_grad()
def test_a_network_sees_the_inputs_that_it_is_given_and_no_later_ones(num_inputs: int, frames: Frames):
    net, controls = net_of(frames, num_inputs=num_inputs), frames.controls.clone()
    controls[:, K + num_inputs :] = 9
    values = frames.values.clone()
    values[:, K:] = 9
    later = frames._replace(controls=controls, values=values)
    assert torch.equal(net(later).logits["action"], net(frames).logits["action"])
    if num_inputs:
        controls[:, K + num_inputs - 1] = 9
        assert not torch.equal(net(later).logits["action"], net(frames).logits["action"])


@torch.no_grad()
def test_players_that_change_places_are_said_the_same(frames: Frames):
    net = net_of(frames)
    swapped = Frames._make([*(part.flip(2) for part in frames[:-1]), frames.stage])
    assert torch.allclose(net(swapped).values.flip(2), net(frames).values, atol=1e-4)


@pytest.mark.parametrize(("arch", "interleaved"), [("gru", False), ("mlp", False), ("mlp", True)])
@torch.no_grad()
def test_going_on_frame_by_frame_is_reading_all_at_once(arch: str, interleaved: bool, frames: Frames):
    net = net_of(frames, arch=arch, interleaved=interleaved)
    at = begin(net, cut(frames, 0, K))
    for step in range(K, K + 3):
        at = enter(net, at, cut(frames, step, step + 1))
    said = foresee(net, at, frames.controls[:, K + 3 : K + 4])
    assert torch.allclose(said.values, net(frames, 1, K + 3).values, atol=1e-3)


@torch.no_grad()
def test_a_predicted_frame_is_within_the_schemas_ranges_only_where_it_is_clamped(frames: Frames):
    net = net_of(frames)
    said = net(frames)
    wild = said._replace(values=said.values + 1e6)
    low, high = ranges()
    clamped, free = (
        as_frame(cut(frames, 0, K), wild, frames.controls[:, K], clamp=clamp) for clamp in (True, False)
    )
    assert (clamped.values <= high).all()
    assert (clamped.values >= low).all()
    assert free.values.amin() > 1e5


@torch.no_grad()
def test_an_action_grows_older_where_it_stays_and_is_new_where_it_changes(frames: Frames):
    net, seen = net_of(frames), cut(frames, 0, K)
    said = net(frames)
    stays = as_frame(seen, said, frames.controls[:, K], clamp=True)
    assert torch.equal(stays.ids[:, 0, :, AGE], (seen.ids[:, -1, :, AGE] + 1).clamp(max=63))
    other = (seen.ids[:, -1:, :, ACTION] + 1) % said.logits["action"].shape[-1]
    changed = torch.zeros_like(said.logits["action"]).scatter_(-1, other[..., None], 1)
    changes = as_frame(
        seen, said._replace(logits={**said.logits, "action": changed}), frames.controls[:, K], clamp=True
    )
    assert (changes.ids[..., AGE] == 0).all()
    assert torch.equal(changes.ids[..., ACTION], other)


@torch.no_grad()
def test_the_first_step_of_a_rollout_is_the_plain_prediction(frames: Frames):
    net = net_of(frames)
    assert torch.allclose(roll(net, frames, clamp=False)[0].values, net(frames).values, atol=1e-4)


def test_a_rollouts_last_error_is_traced_back_to_its_first_step(frames: Frames):
    net = net_of(frames)
    at = begin(net, cut(frames, 0, K))
    first = foresee(net, at, frames.controls[:, K : K + 1])
    first.values.retain_grad()
    then = foresee(
        net, advance(net, at, first, frames.controls[:, K], clamp=False), frames.controls[:, K + 1 : K + 2]
    )
    then.values.sum().backward()
    assert first.values.grad is not None
    assert first.values.grad.abs().sum() > 0


@pytest.mark.parametrize("delay", [1, 2, 4])
def test_a_rollout_that_is_rolled_back_is_the_one_that_waited(delay: int, frames: Frames):
    net = net_of(frames)
    for window in range(4):
        found = two_policies(net, Frames._make(part[window : window + 1] for part in frames), delay)
        assert found["largest_difference"] == 0
        assert 1 <= found["passes_per_frame"] <= 1 + delay * found["wrong"] + 1e-9


def test_what_was_not_recorded_is_not_learned_from(frames: Frames):
    net = net_of(frames)
    unknown = frames._replace(
        ids_known=torch.zeros_like(frames.ids_known), values_known=torch.zeros_like(frames.values_known)
    )
    assert state_loss(net, unknown, NO_EXTRAS).item() == 0


def test_copying_is_judged_by_the_share_of_frames_that_do_not_change(frames: Frames):
    found = judge(net_of(frames), [frames])
    stayed = frames.ids[:, K, :, ACTION] == frames.ids[:, K - 1, :, ACTION]
    assert found["action_acc"] == found["action_acc_of_copying"] == round(float(stayed.float().mean()), 5)
    assert found["change_acc"] == 0
    off = (frames.values[:, K, :, :2] - frames.values[:, K - 1, :, :2]).abs().mean()
    assert found["position_mae"]["copied"] == pytest.approx(float(off), abs=1e-5)
    assert found["position_mae"]["predicted"] == pytest.approx(found["position_mae"]["linear"], abs=1e-4)
    assert len(VALUES) == frames.values.shape[-1]
