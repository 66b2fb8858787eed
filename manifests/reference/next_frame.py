"""Train a small next-frame model: `python -m manifests.reference.next_frame DATASET` prints its error."""

import sys

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from manifests import Sample, as_dict, open_dataset


def shrink(sample: Sample) -> dict[str, Tensor]:
    """Four pictures and the next one, grey and 60x80, without the stand-in's stamp; the next one's action."""
    grey = torch.as_tensor(sample["video"][:, :, :464]).float().mean(1, keepdim=True) / 255
    small, action = interpolate(grey, (60, 80), mode="area")[:, 0], torch.as_tensor(sample["action"])
    return {"seen": small[:4], "then": small[4], "action": action[4].nan_to_num()}


def batches(url: str, games: str, size: int) -> list[dict[str, Tensor]]:
    """All windows of five frames of the games for which a condition holds, shuffled."""
    dataset = open_dataset(url, window=5, filter=games, transform=shrink, as_torch=True)
    return [as_dict(batch) for batch in dataset.stream(batch_size=size)]


def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """The next picture: the last one, and what the model adds to it; [B, 60, 80]."""
    action = batch["action"][:, :, None, None].expand(-1, -1, 60, 80)
    return batch["seen"][:, -1] + model(torch.cat([batch["seen"], action], 1))[:, 0]


def main(url: str) -> tuple[float, float]:
    """Mean squared errors on the last game, which is not trained on: the model's, and that of copying."""
    torch.manual_seed(0)
    game = open_dataset(url).games["game_id"][-1]
    train, test = batches(url, f"game_id != '{game}'", 8), batches(url, f"game_id == '{game}'", 90)[0]
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
