"""The transforms start as a block cosine codec."""

import pytest
import torch

from cotam.models import transforms
from cotam.models.cotam_s_config import STRIDE
from cotam.models.transforms import Analysis, Block, Synthesis, cosine_basis

SIZES = {"wide": 8, "deep": 12, "blocks": (1, 1), "latents": 32}


@pytest.mark.parametrize("latents", [4, 8, 32, 256, 384])
def test_the_cosine_basis_is_orthonormal(latents):
    basis = cosine_basis(latents).double()
    assert basis.shape == (latents, 3 * STRIDE**2)
    torch.testing.assert_close(basis @ basis.T, torch.eye(latents).double(), rtol=0, atol=1e-5)


def test_the_first_vector_of_the_basis_is_the_mean_of_the_cell():
    assert cosine_basis(32)[0].std() < 1e-6


def test_a_new_analysis_and_synthesis_invert_each_other_on_smooth_pictures():
    torch.manual_seed(0)
    analysis, synthesis = Analysis(**SIZES), Synthesis(**SIZES, nodes=3)
    y, x = torch.meshgrid(torch.arange(64) / 64, torch.arange(96) / 96, indexing="ij")
    picture = torch.stack([x - 0.5, 0.5 - y, 0.4 * torch.cos(5 * x * y)])[None]
    with torch.no_grad():
        latents = analysis(picture)
        again = synthesis(latents, torch.zeros(1, 3, 4, 6))
    assert latents.shape == (1, 32, 4, 6)
    assert again.shape == picture.shape
    assert (again - picture).abs().max() < 0.05
    assert (again - picture).square().mean() < 1e-4


def test_the_picture_depends_on_latents_beside_its_cell_once_trained():
    torch.manual_seed(0)
    synthesis = Synthesis(**SIZES, nodes=3)
    with torch.no_grad():
        for parameter in synthesis.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
        y_hat = torch.zeros(1, 32, 3, 3)
        before = synthesis(y_hat, torch.zeros(1, 3, 3, 3))
        y_hat[0, :, 1, 1] = 1
        difference = (synthesis(y_hat, torch.zeros(1, 3, 3, 3)) - before).abs().sum((0, 1))
    assert difference[:STRIDE].max() > 0
    assert difference[STRIDE : 2 * STRIDE, STRIDE : 2 * STRIDE].max() > 0


@pytest.mark.parametrize("positions", [1, 20, 100, 10_000])
def test_a_block_gives_the_same_in_training_and_in_strips(monkeypatch, positions):
    torch.manual_seed(0)
    block = Block(6)
    torch.nn.init.normal_(block.narrow.weight)
    x = torch.randn(2, 6, 17, 5).contiguous(memory_format=torch.channels_last)
    before, expected = x.clone(), block(x)
    assert expected.requires_grad
    monkeypatch.setattr(transforms, "STRIP_POSITIONS", positions)
    with torch.inference_mode():
        found = block(x)
    assert torch.equal(x, before)
    torch.testing.assert_close(found, expected.detach())
