"""Train a tiny next-frame model on a CPU, by `python -m manifests.training.example DATASET`.

Printed are mean squared errors on a game not trained on, of the model and of copying the last picture.
"""

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from manifests.training.dataset import open_dataset


def shrink(sample: dict[str, Any]) -> dict[str, Tensor]:
    """Four pictures and the next one, grey and 60x80, without the stand-in's stamp; the next one's action."""
    grey = torch.as_tensor(sample["video"][:, :, :464]).float().mean(1, keepdim=True) / 255
    small, action = interpolate(grey, (60, 80), mode="area")[:, 0], torch.as_tensor(sample["action"])
    return {"seen": small[:4], "then": small[4], "action": action[4].nan_to_num()}


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """The last picture, and what the model adds to it: [B, 60, 80]."""
    action = batch["action"][:, :, None, None].expand(-1, -1, 60, 80)
    return batch["seen"][:, -1] + model(torch.cat([batch["seen"], action], 1))[:, 0]


def main(url: str) -> tuple[float, float]:
    """The two errors."""
    torch.manual_seed(0)
    game = open_dataset(url).games["game_id"][-1]
    usual: dict[str, Any] = {"window": 5, "fields": ["video", "action"], "transform": shrink}
    train = list(open_dataset(url, filter=f"game_id != '{game}'", **usual).stream(batch_size=8))
    test = next(iter(open_dataset(url, filter=f"game_id == '{game}'", **usual).stream(batch_size=90)))
    num_planes = 4 + test["action"].shape[1]
    model = nn.Sequential(nn.Conv2d(num_planes, 24, 5, padding=2), nn.ReLU(), nn.Conv2d(24, 1, 5, padding=2))
    nn.init.zeros_(model[-1].weight)  # begins as a copy of the last picture
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    for batch in 12 * train:  # epochs
        optimiser.zero_grad()
        mse_loss(predict(model, batch), batch["then"]).backward()
        optimiser.step()
    with torch.no_grad():
        ours, copied = predict(model, test), test["seen"][:, -1]
        return float(mse_loss(ours, test["then"])), float(mse_loss(copied, test["then"]))


if __name__ == "__main__":
    sys.stdout.write("model {:.3e}, copy of the last frame {:.3e}\n".format(*main(sys.argv[1])))
