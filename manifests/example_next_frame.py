"""Train a tiny next-frame model on a CPU.

    python -m manifests.example_next_frame DATASET

From four small pictures and the action that causes the next one, predict that one. Printed are mean squared
errors on games that were not trained on, of the model and of copying the last picture.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor, nn

from manifests.loader import open_dataset

CONTEXT, STEPS, SEED = 4, 400, 0


def shrink(sample: dict[str, Any]) -> dict[str, Any]:
    """Pictures to 60x80, in grey, without the frame numbers of the stand-in's bottom rows."""
    grey = torch.as_tensor(sample["video"][:, :, :464]).float().mean(dim=1, keepdim=True) / 255
    small = nn.functional.interpolate(grey, (60, 80), mode="area")[:, 0]
    return {"small": small, "action": torch.as_tensor(sample["action"])[-1].nan_to_num()}


class NextFrame(nn.Module):  # type: ignore[misc]
    """Four pictures [B, 4, 60, 80] and an action [B, D] to the next picture [B, 60, 80]."""

    def __init__(self, num_actions: int) -> None:
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(CONTEXT, 24, 5, padding=2), nn.ReLU(), nn.Conv2d(24, 24, 5, padding=2)
        )
        self.act, self.draw = nn.Linear(num_actions, 24), nn.Conv2d(24, 1, 3, padding=1)
        nn.init.zeros_(self.draw.weight)  # begins as a copy of the last picture

    def forward(self, seen: Tensor, action: Tensor) -> Tensor:
        """One step."""
        hidden = torch.relu(self.see(seen) + self.act(action)[:, :, None, None])
        return seen[:, -1] + self.draw(hidden)[:, 0]


def main(url: str) -> tuple[float, float]:
    """Train; return the errors of the model and of copying."""
    torch.manual_seed(SEED)
    usual: dict[str, Any] = {
        "window": CONTEXT + 1,
        "start": "gop",
        "fields": ["video", "action"],
        "transform": shrink,
    }
    ids = open_dataset(url).games["game_id"].to_pylist()
    train, held_out = (
        open_dataset(url, filter=f"game_id {test} '{ids[-1]}'", **usual) for test in ("!=", "==")
    )
    model = NextFrame(len(train.names["action"]))
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    stream = train.stream(batch_size=8, seed=SEED)
    batches = list(stream)  # small pictures: an epoch fits into memory
    for step in range(STEPS):
        batch = batches[step % len(batches)]
        loss = nn.functional.mse_loss(model(batch["small"][:, :-1], batch["action"]), batch["small"][:, -1])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    errors: list[tuple[float, float]] = []
    with torch.no_grad():
        for batch in held_out.stream(batch_size=8):
            seen, then = batch["small"][:, :-1], batch["small"][:, -1]
            errors.append((float(nn.functional.mse_loss(model(seen, batch["action"]), then)),
                           float(nn.functional.mse_loss(seen[:, -1], then))))  # fmt: skip
    ours, copied = (sum(column) / len(errors) for column in zip(*errors, strict=True))
    return ours, copied


if __name__ == "__main__":
    sys.stdout.write("model {:.3e}, copy of the last frame {:.3e}\n".format(*main(sys.argv[1])))
