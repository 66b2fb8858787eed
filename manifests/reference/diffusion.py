"""A diffusion network that predicts the next latent picture from earlier ones and the players' inputs.

Every picture of a window has a noise level of its own (diffusion forcing): the seen pictures are mostly
clean, the next one is anything between clean and pure noise. Given pure noise, the network predicts the
average next picture; drawing a picture takes several steps from there.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

SEEN: Final = 4  # number of latents that are seen before the next one
DRAWN_IN: Final = 4  # number of steps from noise to a picture
_WIDTH: Final = 64
_FAR: Final = 6.0  # drawn latents are kept within this many deviations
_NOISY_SEEN: Final = 0.7  # the largest noise level of a seen picture
_ALL_NOISE: Final = 0.7  # share of training windows whose next picture is pure noise


class Block(nn.Module):
    """Two convolutions; inputs and noise levels shift and scale the channels between them."""

    def __init__(self, condition: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1) for _ in range(2))
        self.norm = nn.GroupNorm(8, _WIDTH)
        self.turn = nn.Linear(condition, 2 * _WIDTH)

    def forward(self, cells: Tensor, condition: Tensor) -> Tensor:
        """Apply the block to cells, [B, W, h, w]."""
        scale, shift = self.turn(condition)[:, :, None, None].chunk(2, 1)
        inner = nn.functional.silu(self.norm(self.first(cells)) * (1 + scale) + shift)
        return cells + self.second(inner)


class NextLatent(nn.Module):
    """Predicts the scaled change from the last latent to the next one.

    Args:
        shape: channels, rows and columns of a latent.
        num_inputs: how many numbers describe the inputs of one step.
        look: how much each channel differs from place to place, [channels]; latents are divided by it.
        change: how much latents change in a step, []; changes are divided by it.
    """

    look: Tensor
    change: Tensor

    def __init__(self, shape: tuple[int, int, int], num_inputs: int, look: Tensor, change: Tensor) -> None:
        super().__init__()
        channels, rows, columns = shape
        self.register_buffer("look", look[:, None, None])
        self.register_buffer("change", change)
        self.inputs = nn.Sequential(nn.Linear(2 * num_inputs, 64), nn.SiLU(), nn.Linear(64, 32))
        self.place = nn.Parameter(torch.zeros(8, rows, columns))
        self.begin = nn.Conv2d(2 * SEEN * channels + 8 + 32, _WIDTH, 3, padding=1)
        self.blocks = nn.ModuleList(Block(32 + SEEN + 1) for _ in range(3))
        self.end = nn.Conv2d(_WIDTH, channels, 3, padding=1)
        nn.init.zeros_(self.end.weight)
        nn.init.zeros_(self.end.bias)

    def forward(self, seen: Tensor, inputs: Tensor, noisy: Tensor, levels: Tensor) -> Tensor:
        """Predict the clean change, [B, C, h, w], in the scale of `change`.

        Args:
            seen: the four latents before, [B, 4, C, h, w].
            inputs: inputs of those steps and of the next one, [B, 5, D].
            noisy: the change with noise, in the scale of `change`.
            levels: noise levels of the four seen latents and of the next one, 0 to 1, [B, 5].
        """
        moved = (seen[:, 1:] - seen[:, :-1]) / self.change
        place = self.place.expand(len(seen), -1, -1, -1)
        before = (seen / self.look).flatten(1, 2)
        # Only the inputs of the last seen picture and of the next one: earlier inputs show in the pictures.
        given = self.inputs(inputs[:, -2:].flatten(1))
        everywhere = given[:, :, None, None].expand(-1, -1, *place.shape[2:])
        cells = self.begin(torch.cat([before, moved.flatten(1, 2), noisy, place, everywhere], 1))
        condition = torch.cat([given, levels], 1)
        for block in self.blocks:
            cells = block(cells, condition)
        return self.end(cells)

    def loss(self, latents: Tensor, inputs: Tensor, noise: torch.Generator) -> Tensor:
        """Return the loss on windows, [B, 5, C, h, w] and [B, 5, D], at random noise levels for each."""

        def draw(*size: int) -> Tensor:
            return torch.rand(size, generator=noise, device=latents.device)

        def normal(like: Tensor) -> Tensor:
            return torch.randn(like.shape, generator=noise, device=latents.device)

        batch, seen = len(latents), latents[:, :SEEN]
        levels = draw(batch, SEEN + 1)
        levels[:, :SEEN] = (2 * levels[:, :SEEN] - 1).clamp(min=0) * _NOISY_SEEN  # half of them are clean
        levels[:, SEEN] = torch.where(draw(batch) < _ALL_NOISE, 1.0, levels[:, SEEN])
        true = (latents[:, SEEN] - latents[:, SEEN - 1]) / self.change
        level = levels[..., None, None, None]
        noisy = (1 - level[:, SEEN]) * true + level[:, SEEN] * normal(true)
        dirty = seen + level[:, :SEEN] * self.change * normal(seen)
        return (self(dirty, inputs, noisy, levels) - true).square().mean()

    def expect(self, seen: Tensor, inputs: Tensor) -> Tensor:
        """Predict the average next latent, [B, C, h, w], as from pure noise, which is set to zero here."""
        levels = torch.zeros(len(seen), SEEN + 1, device=seen.device)
        levels[:, SEEN] = 1
        return seen[:, -1] + self(seen, inputs, torch.zeros_like(seen[:, -1]), levels) * self.change

    @torch.no_grad()
    def draw(self, seen: Tensor, inputs: Tensor, seed: int) -> Tensor:
        """Draw latents one after the other, each from those before, [B, N, C, h, w].

        Args:
            seen: the four latents before, [B, 4, C, h, w].
            inputs: inputs from the first of these steps on, [B, 4 + N, D].
            seed: decides the noise; the same seed and inputs give the same latents, bit by bit.
        """
        noise = torch.Generator(seen.device).manual_seed(seed)
        drawn = []
        for step in range(inputs.shape[1] - SEEN):
            noisy = torch.randn(seen[:, -1].shape, generator=noise, device=seen.device)
            levels = torch.zeros(len(seen), SEEN + 1, device=seen.device)
            for number in range(DRAWN_IN):
                level, after = 1 - number / DRAWN_IN, 1 - (number + 1) / DRAWN_IN
                levels[:, SEEN] = level
                clean = self(seen, inputs[:, step : step + SEEN + 1], noisy, levels)
                noisy = (1 - after) * clean + after * (noisy - (1 - level) * clean) / level
            drawn.append((seen[:, -1] + noisy * self.change).clamp(-_FAR * self.look, _FAR * self.look))
            seen = torch.cat([seen[:, 1:], drawn[-1][:, None]], 1)
        return torch.stack(drawn, 1)
