"""Linear layers of 8 bits give in training the same as in arithmetic with whole numbers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from torch import nn  # noqa: E402

from manifests.reference.int8 import MOST, EightBitLinear, on_grid, steps_of  # noqa: E402

pytestmark = pytest.mark.torch


def layer_of(seed: int = 0) -> tuple[EightBitLinear, torch.Tensor]:
    torch.manual_seed(seed)
    layer, values = EightBitLinear(nn.Linear(24, 7)), torch.randn(5, 3, 24)
    layer.train()(values)
    return layer.eval(), values


@pytest.mark.parametrize("seed", range(5))
@torch.no_grad()
def test_whole_numbers_give_what_was_trained(seed: int):
    layer, values = layer_of(seed)
    trained = layer(values)
    layer.in_whole_numbers = True
    assert torch.allclose(layer(values), trained, atol=1e-5)


@torch.no_grad()
def test_a_layer_is_near_the_one_that_it_was_made_of():
    layer, values = layer_of()
    plain = nn.functional.linear(values, layer.weight, layer.bias)
    assert 0 < (layer(values) - plain).abs().max() < 0.05


def test_each_channel_has_a_grid_of_its_own_with_its_largest_weight_at_the_end():
    weight = torch.tensor([[0.5, -1.0, 0.2], [0.001, 0.004, -0.002], [0.0, 0.0, 0.0]])
    whole = weight / steps_of(weight)
    assert whole.abs().amax(1).tolist() == pytest.approx([MOST, MOST, 0])


def test_gradients_pass_through_the_rounding():
    values = torch.linspace(-2, 2, 9, requires_grad=True)
    on_grid(values, torch.tensor(0.5)).square().sum().backward()
    assert values.grad is not None
    assert torch.allclose(values.grad, 2 * on_grid(values.detach(), torch.tensor(0.5)))


def test_the_largest_input_counts_only_while_training():
    layer, values = layer_of()
    before = layer.largest.clone()
    layer(10 * values)
    assert torch.equal(layer.largest, before)
