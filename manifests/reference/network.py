"""The network that the state models share: it reads K frames of states and inputs, and predicts the change.

Both players are read by the same weights, each as "own" beside "other". A head's output is added to the value
in the last frame, so an untrained network nearly copies: classes stay, and positions continue their motion.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from manifests.reference.frames import HEADS, IDS, VALUES, Frames, num_classes

if TYPE_CHECKING:
    from collections.abc import Iterable

ARCHS: Final = ("gru", "mlp")
_SIZES: Final = {
    "action": 32, "l_cancel": 2, "hurtbox": 2, "ground": 4, "last_attack": 8, "jumps": 4, "character": 16,
    "category": 8, "age": 16,
}  # fmt: skip
_NUM_STAGES: Final = 64
_ENTITY: Final = 64  # how many numbers encode one player's frame
_NUM_INERT: Final = 2  # x and y, the first of VALUES, continue their motion; all others stay as they are
_STAYS: Final = 10  # how much likelier a class is to stay than to become any other class, at first
_FAR: Final = 8.0  # scaled numbers are clipped here: the game's few great leaps would dominate the loss


class Scale(NamedTuple):
    """How quantities and their changes from frame to frame are scaled, float32 [V] each."""

    mean: Tensor
    deviation: Tensor
    change: Tensor

    @classmethod
    def of(cls, batches: Iterable[Frames]) -> Scale:
        """Measure the scale over some windows; a quantity that never changes has the scale 1."""
        values = torch.cat([batch.values for batch in batches])
        change = (values[:, 1:] - values[:, :-1]).flatten(0, 2)
        spread, moved = values.flatten(0, 2).std(0), change.std(0)
        return cls(
            values.flatten(0, 2).mean(0),
            torch.where(spread > 0, spread, 1),
            torch.where(moved > 0, moved, 1),
        )


class Predicted(NamedTuple):
    """Predictions for frames of both players, float32.

    Attributes:
        logits: [B, T', P, classes] by name of the head.
        values: [B, T', P, V] of `VALUES`, in the game's units.
        category: logits of the action's category, [B, T', P, 27].
        embedding: where the action's embedding should lie, [B, T', P, 32].
    """

    logits: dict[str, Tensor]
    values: Tensor
    category: Tensor
    embedding: Tensor


class StateNet(nn.Module):
    """Predicts the frame `gap` frames after the last one seen.

    Args:
        scale: how quantities are scaled.
        num_controls: size of a player's inputs in a frame, A.
        arch: "gru" reads frame after frame, "mlp" the last `context` frames at once.
        context: number of frames that the MLP reads, K; the GRU has read as many when it is evaluated.
        num_inputs: number of frames after the last seen frame whose inputs are given: 0, 1 for ctrl(t) of the
            predicted frame, 2 for one more.
        gap: number of frames from the last seen frame to the predicted one.
        hidden: width of the hidden layers.
        interleaved: whether the MLP's frames are stacked feature by feature instead of frame by frame.
    """

    def __init__(
        self, scale: Scale, num_controls: int, *, arch: str = "gru", context: int = 10, num_inputs: int = 1,
        gap: int = 1, hidden: int = 128, interleaved: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.context, self.num_inputs, self.gap = context, num_inputs, gap
        self.hidden, self.interleaved = hidden, interleaved
        for name, value in scale._asdict().items():
            self.register_buffer(f"scale_{name}", value)
        counts = num_classes()
        self.embed = nn.ModuleDict({name: nn.Embedding(counts[name], _SIZES[name]) for name in IDS})
        self.stage = nn.Embedding(_NUM_STAGES, 8)
        num_entity = 2 * len(VALUES) + sum(_SIZES.values()) + num_controls + 6
        self.entity = nn.Linear(num_entity, _ENTITY)
        self.gru = nn.GRU(2 * _ENTITY, hidden, batch_first=True) if arch == "gru" else None
        self.flat = nn.Linear(2 * _ENTITY * context, hidden) if arch == "mlp" else None
        num_trunk = hidden + 2 * _ENTITY + 2 * num_inputs * num_controls + 8
        self.trunk = nn.Sequential(
            nn.Linear(num_trunk, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.heads = nn.ModuleDict({name: nn.Linear(hidden, counts[name] + 1) for name in HEADS})
        self.change = nn.Linear(hidden, len(VALUES))
        self.category = nn.Linear(hidden, counts["category"])
        self.embedding = nn.Linear(hidden, _SIZES["action"])
        inert = torch.zeros(len(VALUES))
        inert[:_NUM_INERT] = 1
        self.inertia = nn.Parameter(inert)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def encode(self, frames: Frames) -> Tensor:
        """Encode each player's frames together with its opponent's, [B, T, P, 2 * E]; T as in `frames`."""
        scaled = (frames.values - self.scale_mean) / self.scale_deviation
        ids = [self.embed[name](frames.ids[..., place]) for place, name in enumerate(IDS)]
        controls, threats = frames.controls[:, : frames.values.shape[1]], frames.threats / 50
        parts = (scaled, self.moved(frames.values), *ids, controls, threats)
        entity = torch.relu(self.entity(torch.cat([part.clamp(-_FAR, _FAR) for part in parts], -1)))
        return torch.cat([entity, entity.flip(-2)], -1)

    def moved(self, values: Tensor) -> Tensor:
        """Return each quantity's scaled change since the frame before, [B, T, P, V]; 0 in the first frame."""
        change = (values[:, 1:] - values[:, :-1]) / self.scale_change
        return pad(change.clamp(-_FAR, _FAR), (0, 0, 0, 0, 1, 0))

    def remember(self, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Read encoded frames, [B, T, P, 2 * E]; return the latent after each, [B, T', P, H], and a memory.

        The GRU's T' is T; the MLP's begins with the first frame that has `context` frames up to it.
        """
        rows = encoded.transpose(1, 2).flatten(0, 1)  # [B * P, T, 2 * E]
        if self.gru is not None:
            known, memory = self.gru(rows)
        else:
            stacks = rows.unfold(1, self.context, 1)  # [B * P, T', 2 * E, K], interleaved as it is
            known = self._flat(stacks if self.interleaved else stacks.transpose(2, 3))
            memory = rows[:, 1 - self.context :]
        return known.unflatten(0, (-1, 2)).transpose(1, 2), memory

    def go_on(self, encoded: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Read one more encoded frame, [B, 1, P, 2 * E], after a memory, with the result of `remember`."""
        rows = encoded.transpose(1, 2).flatten(0, 1)
        if self.gru is not None:
            known, memory = self.gru(rows, memory)
        else:
            stack = torch.cat([memory, rows], 1)
            known = self._flat((stack.transpose(1, 2) if self.interleaved else stack)[:, None])
            memory = stack[:, 1:]
        return known.unflatten(0, (-1, 2)).transpose(1, 2), memory

    def _flat(self, stacks: Tensor) -> Tensor:
        assert self.flat is not None
        return torch.relu(self.flat(stacks.flatten(2)))

    def predict(self, known: Tensor, encoded: Tensor, frames: Frames, controls: Tensor) -> Predicted:
        """Predict the frames after some frames.

        Args:
            known: the latent after each of T' frames, [B, T', P, H].
            encoded: these frames, encoded, [B, T', P, 2 * E].
            frames: these frames, preceded by at least one frame if there is one; the last T' count.
            controls: the inputs that follow each frame, [B, T', P, num_inputs * A].
        """
        num = known.shape[1]
        both = torch.cat([controls, controls.flip(-2)], -1)
        stage = self.stage(frames.stage)[:, None, None].expand(-1, num, 2, -1)
        seen = self.trunk(torch.cat([known, encoded, both, stage], -1))
        logits = {}
        for place, name in enumerate(HEADS):
            out = self.heads[name](seen).float()
            stay = out[..., -1:] + math.log(_STAYS * out.shape[-1])  # the last number: certainty to stay
            logits[name] = out[..., :-1].scatter_add(-1, frames.ids[:, -num:, :, place, None], stay)
        change = self.inertia * self.moved(frames.values)[:, -num:] * self.gap + self.change(seen).float()
        values = frames.values[:, -num:] + change * self.scale_change
        return Predicted(logits, values, self.category(seen).float(), self.embedding(seen).float())

    def forward(self, frames: Frames, num: int = 1, end: int | None = None) -> Predicted:
        """Predict `gap` frames after each of the last `num` of the first `end` frames, K by default.

        The MLP predicts after fewer frames if fewer of them have K frames up to them.
        """
        end = self.context if end is None else end
        seen = cut(frames, 0, end)
        encoded = self.encode(seen)
        known = self.remember(encoded)[0][:, -num:]
        num = known.shape[1]
        return self.predict(known, encoded[:, -num:], seen, self.following(frames, end, num))

    def following(self, frames: Frames, end: int, num: int) -> Tensor:
        """Return the inputs after each of the `num` frames before `end`, [B, num, P, num_inputs * A]."""
        start = end - num + 1  # index of the inputs after the first frame
        parts = [frames.controls[:, start + ahead : start + ahead + num] for ahead in range(self.num_inputs)]
        nothing = frames.controls[:, :num, :, :0]
        return torch.cat([nothing, *parts], -1)


def cut(frames: Frames, start: int, end: int) -> Frames:
    """Take the frames [start, end) of windows, with their own inputs."""
    steps = [part[:, start:end] for part in frames[:-1]]
    return Frames._make([*steps, frames.stage])
