"""The losses of the state models, and their evaluation against copying the last frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.nn.functional import cross_entropy, mse_loss, smooth_l1_loss

from manifests.reference.frames import HEADS, IDS, VALUES, Frames, category_table
from manifests.reference.network import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from manifests.reference.network import Predicted, StateNet

ACTION: Final = HEADS.index("action")
CATEGORY, CHARACTER = list(IDS).index("category"), list(IDS).index("character")
X, Y = VALUES.index("x"), VALUES.index("y")
_FIRST: Final = 2  # the GRU predicts nothing after the first frames, as it has seen no motion yet
_OTHER_HEADS: Final = 0.3  # weight of each head except the action's
_VALUES: Final = 8.0  # weight of the quantities, which are many and easy
_EXACT: Final = 0.1  # errors below it, in scaled units, count by their square


@dataclass(frozen=True, slots=True)
class Extras:
    """Weights of optional losses; 0 leaves a loss out.

    Attributes:
        category: weight of predicting the action's functional category (27 classes).
        embedding: weight of predicting the action's embedding.
    """

    category: float = 0.0
    embedding: float = 0.0


NO_EXTRAS: Final = Extras()


def state_loss(
    net: StateNet, frames: Frames, extras: Extras, num: int | None = None, end: int | None = None
) -> Tensor:
    """Return a network's loss after each of the last `num` of the first `end` real frames of windows."""
    end = net.context if end is None else end
    predicted = net(frames, net.context - _FIRST if num is None else num, end)
    target_end = end + net.gap
    return loss_of(net, predicted, cut(frames, target_end - predicted.values.shape[1], target_end), extras)


def loss_of(net: StateNet, predicted: Predicted, target: Frames, extras: Extras) -> Tensor:
    """Return the loss of predictions against the true frames, [B, T', ...]."""
    ids, known = target.ids, target.ids_known

    def miss(logits: Tensor, place: int) -> Tensor:
        wanted = torch.where(known[..., place], ids[..., place], -100)  # cross_entropy ignores -100
        total = cross_entropy(logits.flatten(0, -2), wanted.flatten(), reduction="sum")
        return total / known[..., place].sum().clamp(1)

    weights = [1.0 if name == "action" else _OTHER_HEADS for name in HEADS]
    loss = sum(
        (weight * miss(predicted.logits[name], place)
         for place, (name, weight) in enumerate(zip(HEADS, weights, strict=True))),
        _VALUES * value_loss(net, predicted.values, target),
    )  # fmt: skip
    if extras.category:
        loss = loss + extras.category * miss(predicted.category, CATEGORY)
    if extras.embedding:
        wanted = net.embed["action"](ids[..., ACTION]).detach()
        loss = loss + extras.embedding * mse_loss(predicted.embedding, wanted)
    return loss


def value_loss(net: StateNet, values: Tensor, target: Frames) -> Tensor:
    """Return the loss of predicted quantities, scaled by how much they change in a frame."""
    error = (values - target.values) / net.scale_change * target.values_known
    return smooth_l1_loss(error, torch.zeros_like(error), beta=_EXACT)


class Score:
    """Counts over held-out windows for the frame `gap` after the K-th; `figures` turns them into shares."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}

    def add(self, net: StateNet, frames: Frames, of: Tensor | None = None) -> None:
        """Count some windows; `of`, bool [B, P], selects the players whose frames count, all by default."""
        predicted = net(frames)
        last, target = _at(frames, net.context - 1), _at(frames, net.context - 1 + net.gap)
        before = _at(frames, net.context - 2)
        known = target.ids_known & last.ids_known
        known = known if of is None else known & of[..., None]
        for place, name in enumerate(HEADS):
            said = predicted.logits[name][:, -1].argmax(-1)
            right, stayed = said == target.ids[..., place], target.ids[..., place] == last.ids[..., place]
            self._count(name, right, known[..., place])
            self._count(f"{name} copied", stayed, known[..., place])
            if name == "action":
                self._count("change", right, known[..., place] & ~stayed)
                is_in = _category(last, said) == _category(last, target.ids[..., place])
                self._count("category", is_in, known[..., place])
                self._count("category of change", is_in, known[..., place] & ~stayed)
        for name, values in (
            ("predicted", predicted.values[:, -1]),
            ("copied", last.values),
            ("linear", last.values + net.gap * (last.values - before.values)),
        ):
            off = (values - target.values)[..., [X, Y]].abs().mean(-1)
            self._count(f"position {name}", off, known[..., ACTION])

    def _count(self, name: str, values: Tensor, known: Tensor) -> None:
        for part, number in ((name, (values * known).sum()), (f"number of {name}", known.sum())):
            self._sums[part] = self._sums.get(part, 0.0) + float(number)

    def share(self, name: str) -> float:
        """Return the mean of the values counted under a name, to five digits; 0 if there were none."""
        return round(self._sums.get(name, 0.0) / max(1.0, self._sums.get(f"number of {name}", 0.0)), 5)

    def figures(self) -> dict[str, Any]:
        """Return the shares and errors of the model, and those of copying the last frame."""
        return {
            "action_acc": self.share("action"),
            "action_acc_of_copying": self.share("action copied"),
            "change_acc": self.share("change"),
            "num_changes": int(self._sums.get("number of change", 0)),
            "category_acc": self.share("category"),
            "category_acc_of_changes": self.share("category of change"),
            "heads": {name: self.share(name) for name in HEADS[1:]},
            "heads_of_copying": {name: self.share(f"{name} copied") for name in HEADS[1:]},
            "position_mae": {
                name: self.share(f"position {name}") for name in ("predicted", "copied", "linear")
            },
        }


def _category(frames: Frames, actions: Tensor) -> Tensor:
    """Look up the functional category of actions, [B, P], for the frames' characters."""
    return category_table()[frames.ids[..., CHARACTER], actions]


def _at(frames: Frames, step: int) -> Frames:
    """Take one frame of windows: each array loses its axis of time."""
    return Frames._make([*(part[:, step] for part in frames[:-1]), frames.stage])


@torch.no_grad()
def judge(net: StateNet, batches: Iterable[Frames]) -> dict[str, Any]:
    """Evaluate a network on batches of held-out windows; return the figures of its `Score`."""
    score = Score()
    for frames in batches:
        score.add(net, frames)
    return score.figures()
