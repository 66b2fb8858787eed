"""With scheduled sampling a share of the quantities that a network sees are its own predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests.reference.frames import Frames, open_states, some_frames  # noqa: E402
from manifests.reference.network import Scale, StateNet  # noqa: E402
from manifests.reference.state_model import own_frames, window  # noqa: E402

pytestmark = pytest.mark.torch
K = 5


@pytest.fixture
def frames(states: Path) -> Frames:
    return next(some_frames(open_states(str(states), window(K)), 16, 0))


@pytest.mark.parametrize("gap", [1, 3])
def test_its_own_frames_begin_where_it_can_predict_and_end_where_it_is_asked(gap: int, frames: Frames):
    torch.manual_seed(0)
    net = StateNet(
        Scale.of([frames]), frames.controls.shape[-1], context=K, hidden=16, num_inputs=gap, gap=gap
    )
    own = own_frames(net, frames, 1.0, torch.Generator().manual_seed(0)).values
    assert torch.equal(own[:, :gap], frames.values[:, :gap])
    assert torch.equal(own[:, K:], frames.values[:, K:])
    with torch.no_grad():
        said = net(frames, K).values
    assert torch.equal(own[:, gap:K], said[:, : K - gap])


def test_no_share_leaves_all_frames_as_they_were(frames: Frames):
    net = StateNet(Scale.of([frames]), frames.controls.shape[-1], context=K, hidden=16)
    assert torch.equal(own_frames(net, frames, 0.0, torch.Generator()).values, frames.values)
