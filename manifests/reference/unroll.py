"""Roll a state model out: each frame that it predicts is the next frame that it sees."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from manifests.reference.frames import HEADS, IDS, OLDEST, VALUES, Frames, category_table
from manifests.reference.network import cut
from manifests.state.kinds import domain_of

if TYPE_CHECKING:
    from torch import Tensor

    from manifests.reference.network import Predicted, StateNet

_ACTION, _AGE = list(IDS).index("action"), list(IDS).index("age")
_CHARACTER, _CATEGORY = list(IDS).index("character"), list(IDS).index("category")


class Position(NamedTuple):
    """The position of a rollout: all that the next step needs, so that a kept position can be rolled back to.

    Attributes:
        pair: the last two frames, [B, 2, P, ...].
        encoded: the last frame, encoded.
        known: the latent after the last frame.
        memory: the network's memory of all frames before.
    """

    pair: Frames
    encoded: Tensor
    known: Tensor
    memory: Tensor


def begin(net: StateNet, frames: Frames) -> Position:
    """Begin a rollout after the real frames of a window, [B, T, ...], T at least K for an MLP."""
    encoded = net.encode(frames)
    known, memory = net.remember(encoded)
    last = frames.values.shape[1]
    return Position(cut(frames, last - 2, last), encoded[:, -1:], known[:, -1:], memory)


def foresee(net: StateNet, at: Position, controls: Tensor) -> Predicted:
    """Predict the next frame from the inputs that follow, [B, num_inputs, P, A], without advancing."""
    return net.predict(at.known, at.encoded, at.pair, controls.transpose(1, 2).flatten(2)[:, None])


def advance(net: StateNet, at: Position, said: Predicted, controls: Tensor, *, clamp: bool) -> Position:
    """Advance by one frame, into the predicted frame, whose inputs are float [B, P, A]."""
    return enter(net, at, as_frame(at.pair, said, controls, clamp=clamp))


def enter(net: StateNet, at: Position, frame: Frames) -> Position:
    """Advance by one frame, into a given frame [B, 1, P, ...]."""
    pair = join(cut(at.pair, 1, 2), frame)
    encoded = net.encode(pair)[:, 1:]
    known, memory = net.go_on(encoded, at.memory)
    return Position(pair, encoded, known, memory)


def as_frame(seen: Frames, said: Predicted, controls: Tensor, *, clamp: bool) -> Frames:
    """Make a frame, [B, 1, P, ...], from predictions; values that no head predicts stay as they were."""
    last, ids = cut(seen, seen.values.shape[1] - 1, seen.values.shape[1]), {}
    for place, name in enumerate(IDS):
        ids[name] = said.logits[name].argmax(-1) if name in HEADS else last.ids[..., place]
    is_same = ids["action"] == last.ids[..., _ACTION]
    ids["age"] = torch.where(is_same, (ids["age"] + 1).clamp(max=OLDEST), 0)
    ids["category"] = category_table().to(ids["action"].device)[ids["character"], ids["action"]]
    values = said.values
    if clamp:
        low, high = ranges()
        values = values.clamp(low.to(values.device), high.to(values.device))
    return last._replace(values=values, ids=torch.stack(list(ids.values()), -1), controls=controls[:, None])


def join(first: Frames, second: Frames) -> Frames:
    """Concatenate the frames of windows along the axis of time."""
    steps = [torch.cat([one, two], 1) for one, two in zip(first[:-1], second[:-1], strict=True)]
    return Frames._make([*steps, first.stage])


@cache
def ranges() -> tuple[Tensor, Tensor]:
    """Return the least and the largest value of each of `VALUES` in the schema; infinite if it has none."""
    domains = [domain_of(f"p0.{name}") for name in VALUES]
    low = [-np.inf if domain.low is None else domain.low for domain in domains]
    high = [np.inf if domain.high is None else domain.high for domain in domains]
    return torch.tensor(low), torch.tensor(high)
