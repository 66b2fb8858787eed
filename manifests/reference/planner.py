"""Plan three frames of one player's inputs, by trying out recorded inputs in a state model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

from manifests.reference.frames import NUM_HELD, VALUES, Frames, hold
from manifests.reference.network import cut
from manifests.reference.scoring import X, Y
from manifests.reference.unroll import Position, advance, begin, enter, foresee

if TYPE_CHECKING:
    from manifests.reference.network import StateNet

HORIZON: Final = 3
NUM_STEPS: Final = 2 * HORIZON - 1
"""Number of steps of a plan that was extended to six frames, without its first, which needs no correction."""
_PERCENT: Final = VALUES.index("percent")
_SHARPNESS: Final = 2.0  # how much more weight, in logits, an input gets that is better by one deviation


class Planner:
    """Makes plans for the first player, whose aim is to come close to the other, and to hit and not be hit.

    Every candidate is rolled out, and the plan is the mean of the candidates, weighted by their results (as
    in MPPI). So a plan is the same for the same position, and changes smoothly with it.

    Args:
        net: a GRU that predicts from ctrl(t).
        candidates: recorded inputs of three frames in a row, float [M, 3, A].
    """

    def __init__(self, net: StateNet, candidates: Tensor) -> None:
        self.net, self._candidates = net, candidates

    def plan(self, at: Position) -> Tensor:
        """Plan the next three frames' inputs from a position, float [B, 3, A]."""
        num, batch = len(self._candidates), len(at.known)
        here, own = _repeat(at, num), self._candidates.repeat(batch, 1, 1)
        begun = here.pair
        for step in range(HORIZON):
            here = self.follow(here, own[:, step])
        before, after = begun.values[:, -1], here.pair.values[:, -1]
        apart = [(values[:, 0] - values[:, 1])[:, [X, Y]].norm(dim=-1) for values in (before, after)]
        hurt = (after - before)[..., _PERCENT].clamp(min=0)
        worth = (apart[0] - apart[1] + hurt[:, 1] - hurt[:, 0]).view(batch, num)
        spread = (worth - worth.mean(1, keepdim=True)) / worth.std(1, keepdim=True).clamp(min=1e-6)
        weights = (_SHARPNESS * spread).softmax(1)
        return torch.einsum("bm,msa->bsa", weights, self._candidates)

    def follow(self, at: Position, own: Tensor) -> Position:
        """Advance the model by one frame with own inputs, [B, A]; the other player is assumed to hold its."""
        controls = torch.stack([own, hold(at.pair.controls[:, -1, 1])], 1)
        return advance(self.net, at, foresee(self.net, at, controls[:, None]), controls, clamp=True)


def _repeat(at: Position, num: int) -> Position:
    """Repeat each window of a position `num` times in a row."""
    pair = Frames._make(part.repeat_interleave(num, 0) for part in at.pair)
    memory = at.memory.unflatten(1, (-1, 2)).repeat_interleave(num, 1).flatten(1, 2)
    return Position(pair, at.encoded.repeat_interleave(num, 0), at.known.repeat_interleave(num, 0), memory)


def candidates_of(batches: list[Frames], num: int) -> Tensor:
    """Take the first three inputs of either player in the first windows as candidates, float [num, 3, A]."""
    controls = torch.cat([frames.controls[:, :HORIZON] for frames in batches])[:num]
    return controls[torch.arange(len(controls)), :, torch.arange(len(controls)) % 2]


class Lesson(NamedTuple):
    """The inputs and right answers of a corrector at steps 1 to 5 after a plan, [B, 5, ...].

    Attributes:
        real: latent of what really happened, [B, 5, H] with latents of size H.
        expected: latent that the plan expected.
        plan: planned inputs, [B, 5, 17].
        taught: the first inputs of a new plan from the real latent.
        held: the plan's first inputs, which step 0 used.
    """

    real: Tensor
    expected: Tensor
    plan: Tensor
    taught: Tensor
    held: Tensor


@torch.no_grad()
def lesson(planner: Planner, frames: Frames) -> Lesson:
    """Plan at the K-th frame of windows, extend the plan to six frames, and make a new plan at each frame."""
    net = planner.net
    at = foreseen = begin(net, cut(frames, 0, net.context))
    plan, expected = planner.plan(at), []
    for step in range(NUM_STEPS):
        foreseen = planner.follow(foreseen, plan[:, step])
        expected.append(foreseen.known[:, 0, 0])
        if step == HORIZON - 1:
            plan = torch.cat([plan, planner.plan(foreseen)], 1)
    real, taught = [], []
    for step in range(net.context, net.context + NUM_STEPS):
        at = enter(net, at, cut(frames, step, step + 1))
        real.append(at.known[:, 0, 0])
        taught.append(planner.plan(at)[:, 0, :NUM_HELD])
    held = plan[:, :1, :NUM_HELD].expand(-1, NUM_STEPS, -1)
    return Lesson(torch.stack(real, 1), torch.stack(expected, 1), plan[:, 1:, :NUM_HELD],
                  torch.stack(taught, 1), held)  # fmt: skip
