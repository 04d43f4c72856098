"""The whole model: sizes, the training pass, and that a new one already is a transform codec."""

import dataclasses

import numpy as np
import pytest
import torch

from cotam.models.cotam_s import CotamS, pad_to_stride
from cotam.models.cotam_s_config import CotamSConfig
from cotam.ops.fixed_point import FixedConv, IntegerConv


@pytest.fixture(scope="module")
def fresh(small_config):
    """A new network, not trained at all, of enough latents for smooth pictures."""
    torch.manual_seed(0)
    return CotamS(dataclasses.replace(small_config, latents=64)).eval()


@pytest.fixture(scope="module")
def picture(make_picture):
    return torch.from_numpy(make_picture(128, 192)).permute(2, 0, 1)[None].float() / 255 - 0.5


def code(network, x, step, level_shift=0, **options):
    steps = torch.full((1, x.shape[-2] // 16, x.shape[-1] // 16), step + level_shift)
    with torch.no_grad():
        return network(x, steps, torch.tensor([step]), **options)


def psnr(a, b):
    return -10 * np.log10(float((a - b).square().mean()))


def test_a_new_network_reconstructs_a_smooth_picture(fresh, make_picture):
    y, x = torch.meshgrid(torch.linspace(-3, 3, 128), torch.linspace(-3, 3, 192), indexing="ij")
    smooth = 0.4 * torch.stack([torch.sin(x + y), torch.cos(x), torch.sin(2 * y)])[None]
    assert psnr(code(fresh, smooth, 800, rounded=True).x_hat, smooth) > 38
    assert psnr(code(fresh, smooth, 400, rounded=True).x_hat, smooth) > 30


def test_quality_raises_fidelity(fresh, picture):
    found = [psnr(code(fresh, picture, step, rounded=True).x_hat, picture) for step in (8, 200, 400, 800)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 8


def test_every_latent_has_its_bits(fresh, picture):
    out = code(fresh, picture, 400, generator=torch.Generator().manual_seed(1))
    assert out.latent_bits.shape == (1, 64, 8, 12)
    assert out.hyper_bits.shape == (1, 8, 2, 3)
    assert (out.latent_bits >= 0).all()
    assert (out.hyper_bits > 0).all()
    assert out.latent_bits.sum() > 100


def test_the_noise_comes_from_the_generator(fresh, picture):
    first, again, other = (
        code(fresh, picture, 400, generator=torch.Generator().manual_seed(seed)).latent_bits
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_parameter_is_trained(make_network, picture):
    network = make_network().train()
    network.requires_grad_(True)
    steps = torch.randint(8, 801, (1, 8, 12), generator=torch.Generator().manual_seed(0))
    out = network(picture, steps, torch.tensor([300]), torch.Generator().manual_seed(0))
    (out.x_hat.square().mean() + out.latent_bits.mean() + out.hyper_bits.mean()).backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert missing == []


def test_conversion_leaves_no_float_layer_in_the_entropy_networks(make_network):
    network = make_network().to_integers()
    for part in (network.hyper_synthesis, network.context):
        kinds = {type(layer) for layer in part.modules()}
        assert FixedConv not in kinds
        assert IntegerConv in kinds
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert all(layer.is_exact() for layer in network.modules() if isinstance(layer, IntegerConv))


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 33), (15, 64)])
def test_padding_repeats_the_border(size):
    x = torch.arange(float(size[0] * size[1])).view(1, 1, *size)
    padded = pad_to_stride(x)
    assert padded.shape[-2] % 16 == padded.shape[-1] % 16 == 0
    assert padded.shape[-2] - size[0] < 16
    assert torch.equal(padded[..., : size[0], : size[1]], x)
    assert torch.equal(padded[..., -1, : size[1]], x[..., -1, :])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latents", 30),
        ("latents", 0),
        ("nodes", 1),
        ("wide", 5000),
        ("deep", 1.5),
        ("analysis_blocks", (1, 0)),
    ],
)
def test_sizes_out_of_range_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field} must be"):
        CotamSConfig(**{field: value})
