"""Tokens of decoded latents, conditioned as the network wants it."""

import pytest
import torch

from cotam.adapters import Geometry, TransformNeck, TransformNeckConfig, make_tokens, sample_latents
from cotam.models.gains import QualityGains
from cotam.ops.quality import quality_hats

CELLS = 4


def geometry(shown: torch.Tensor | None = None) -> Geometry:
    """Patches that coincide with latents."""
    edges = torch.arange(CELLS) * 16.0
    y, x = torch.meshgrid(edges, edges, indexing="ij")
    boxes = torch.stack([x, y, x + 16, y + 16], -1)[None]
    return Geometry(
        boxes, torch.ones(1, CELLS, CELLS, dtype=torch.bool) if shown is None else shown, (64, 64)
    )


def neck(conditioning: str) -> TransformNeck:
    config = TransformNeckConfig(
        latents=8,
        width=16,
        grid=(CELLS, CELLS),
        heads=2,
        conditioning=conditioning,  # type: ignore[arg-type]
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TransformNeck(config).eval()


@pytest.fixture
def latents() -> torch.Tensor:
    return torch.randn(2, 8, CELLS, CELLS, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_quality_matters_where_it_is_asked_for(latents: torch.Tensor) -> None:
    gains, where = QualityGains(8, 4), geometry()
    low, high = (torch.full((2, CELLS, CELLS), step) for step in (80, 400))
    for conditioning in ("none", "embedding", "gain"):
        network = neck(conditioning)
        tokens = [make_tokens(network, latents, steps, gains, where) for steps in (low, high)]
        assert tokens[0].shape == (2, 1 + CELLS**2, 16)
        assert torch.equal(*tokens) == (conditioning == "none")


@torch.no_grad()
def test_gain_conditioning_counts_in_quantisation_steps(latents: torch.Tensor) -> None:
    gains, where, network = QualityGains(8, 4), geometry(), neck("gain")
    steps = torch.full((2, CELLS, CELLS), 200)
    size = gains(quality_hats(steps, 4))[1]
    plain = neck("none")
    plain.load_state_dict(network.state_dict())
    expected = plain(sample_latents(latents / size, where).flatten(0, 1))
    torch.testing.assert_close(make_tokens(network, latents, steps, gains, where), expected)


@torch.no_grad()
def test_a_level_map_conditions_its_own_patches(latents: torch.Tensor) -> None:
    network = neck("embedding")
    seen = []
    assert network.tokens.quality is not None
    network.tokens.quality.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    steps = torch.full((2, CELLS, CELLS), 8)
    steps[0, 1, 2] = 800
    make_tokens(network, latents, steps, QualityGains(8, 4), geometry())
    expected = torch.zeros(2, CELLS**2, 1)
    expected[0, CELLS + 2] = 1
    torch.testing.assert_close(seen[0], expected)
