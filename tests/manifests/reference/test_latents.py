"""The small encoder of pictures, and the network that predicts its next latents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests.reference import latents as encoder  # noqa: E402
from manifests.reference.diffusion import SEEN, NextLatent  # noqa: E402
from manifests.reference.latent_windows import read_windows  # noqa: E402
from manifests.reference.video_model import intervene  # noqa: E402

pytestmark = pytest.mark.torch
PICTURES = np.random.default_rng(0).integers(0, 256, (6, 3, *encoder.SIZE), np.uint8)
ALL = 3 * encoder.PATCH**2


def test_with_all_axes_decoding_gives_the_picture_back():
    mean, axes = encoder.fit(np.stack([PICTURES[:5], PICTURES[1:]], 1), ALL)
    back = encoder.to_pictures(encoder.to_latents(PICTURES, mean, axes), mean, axes)
    assert np.array_equal(np.moveaxis(back, -1, 1), PICTURES[:, :, : encoder.GRID[0] * encoder.PATCH])


def test_an_error_of_latents_is_an_error_of_pictures():
    mean, axes = encoder.fit(np.stack([PICTURES[:5], PICTURES[1:]], 1), ALL)
    one, other = encoder.to_latents(PICTURES[:2], mean, axes)
    patches = encoder.to_patches(PICTURES[:2])
    assert np.square(one - other).sum() == pytest.approx(np.square(patches[0] - patches[1]).sum(), rel=1e-4)


@given(st.integers(1, 80), st.integers(1, 100))
def test_pictures_of_another_size_fail(height: int, width: int):
    if (height, width) != encoder.SIZE:
        with pytest.raises(ValueError, match="--size 60x80"):
            encoder.to_patches(np.zeros((1, 3, height, width), np.uint8))


def test_an_encoder_that_is_not_there_fails(tmp_path: Path):
    with pytest.raises(ValueError, match="no encoder at"):
        encoder.read_encoder(tmp_path / "encoder.npz")


def test_the_encoder_that_the_variable_names_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mean, axes = encoder.fit(np.stack([PICTURES[:5], PICTURES[1:]], 1), 8)
    np.savez(tmp_path / "encoder.npz", mean=mean, axes=axes)
    monkeypatch.setenv("REFERENCE_ENCODER", str(tmp_path / "encoder.npz"))
    found = encoder.encode(torch.as_tensor(PICTURES))
    assert (found.shape, found.dtype) == ((6, 8, *encoder.GRID), np.float16)
    assert np.array_equal(found, encoder.to_latents(PICTURES, mean, axes).astype(np.float16))


def lively(seed: int = 0) -> NextLatent:
    """A network whose last layer is not zero, so that its output depends on all inputs."""
    torch.manual_seed(seed)
    net = NextLatent((2, 3, 4), 8, torch.ones(2), torch.tensor(1.0))
    torch.nn.init.normal_(net.end.weight, std=0.1)
    return net.eval()


def test_an_untrained_network_copies_the_last_latent():
    net = NextLatent((2, 3, 4), 8, torch.ones(2), torch.tensor(1.0))
    seen = torch.randn(5, SEEN, 2, 3, 4)
    assert torch.equal(net.expect(seen, torch.randn(5, SEEN + 1, 8)), seen[:, -1])


def test_one_seed_draws_one_clip_bit_by_bit_and_another_seed_another():
    net, seen, inputs = lively(), torch.randn(2, SEEN, 2, 3, 4), torch.randn(2, SEEN + 6, 8)
    assert torch.equal(net.draw(seen, inputs, 3), net.draw(seen, inputs, 3))
    assert not torch.equal(net.draw(seen, inputs, 3), net.draw(seen, inputs, 4))


def test_later_inputs_change_no_earlier_picture():
    net, seen, inputs = lively(), torch.randn(2, SEEN, 2, 3, 4), torch.randn(2, SEEN + 6, 8)
    later = inputs.clone()
    later[:, SEEN + 3 :] += 1
    one, other = net.draw(seen, inputs, 0), net.draw(seen, later, 0)
    assert torch.equal(one[:, :3], other[:, :3])
    assert not torch.equal(one[:, 3], other[:, 3])


def test_an_intervention_has_a_control_that_differs_by_exactly_nothing():
    found = intervene(lively(), torch.randn(2, SEEN, 2, 3, 4), torch.zeros(2, SEEN + 6, 8), 1, 0)
    assert found["control_largest_difference"] == 0
    assert all(value > 0 for value in found["difference_by_step"])


def test_noise_follows_from_its_generator_alone():
    net, latents, inputs = lively(), torch.randn(4, SEEN + 1, 2, 3, 4), torch.randn(4, SEEN + 1, 8)
    losses = [net.loss(latents, inputs, torch.Generator().manual_seed(seed)).item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_a_side_table_that_lacks_pictures_fails():
    batch = {"latent_valid": torch.tensor([[True, False]])}
    with pytest.raises(ValueError, match="run farm latents over the dataset again"):
        read_windows(batch)
