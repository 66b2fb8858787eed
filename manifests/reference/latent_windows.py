"""Read the data of the video model: windows of latents from `farm latents`, and both players' inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch

from manifests import WindowSpec, as_dict, open_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from manifests import TorchWindows

FRAME_STEP: Final = 8
"""Frames from one picture to the next, 7.5 pictures a second: the longer the step, the more inputs matter."""
_AT_ONCE: Final = 256


def open_windows(url: str, latents: str, games: str, steps: int) -> TorchWindows:
    """Open windows of latents, and of the inputs of all frames that lead to each."""
    spec = WindowSpec(steps, start="any", frame_step=FRAME_STEP, actions="every")
    return open_dataset(
        url, window=spec, fields=["action"], filter=games, join={"latent": latents}, as_torch=True
    )


def read_windows(sample: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the latents of windows, float32 [B, T, C, h, w], and the inputs, [B, T, 2 * D].

    The inputs of a step are the mean over its frames, and those of its last frame; 0 where not recorded.

    Raises:
        ValueError: the side table lacks a picture.
    """
    if not bool(sample["latent_valid"].all()):
        message = "the side table lacks latents of some pictures: run farm latents over the dataset again"
        raise ValueError(message)
    inputs = torch.where(sample["action_valid"], sample["action"], 0)
    return sample["latent"].float(), torch.cat([inputs.mean(2), inputs[:, :, -1]], -1)


def some_windows(dataset: TorchWindows, number: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Read about `number` windows in batches, the same for the same seed."""
    size = min(_AT_ONCE, number, len(dataset))
    batches = dataset.stream(batch_size=size, seed=seed)
    return [
        read_windows(as_dict(one)) for _, one in zip(range(max(1, number // size)), batches, strict=False)
    ]
