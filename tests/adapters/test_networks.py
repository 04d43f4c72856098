"""Latent adapter and transform-neck."""

import json
from typing import Any

import pytest
import torch

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.errors import ModelError

SIZES: dict[str, Any] = {"latents": 6, "width": 32, "grid": (3, 4), "heads": 4}


def seeded(make: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


def randn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def trained(adapter: LatentAdapter) -> LatentAdapter:
    torch.nn.init.eye_(adapter.out.weight)
    return adapter


def test_an_untrained_adapter_gives_exactly_zero() -> None:
    adapter = seeded(lambda: LatentAdapter(LatentAdapterConfig(**SIZES)))
    out = adapter(randn(2, 12, 6) * 100)
    assert out.shape == (2, 12, 32)
    assert not out.any()


def test_one_step_of_training_moves_an_adapter_and_then_every_weight_learns() -> None:
    adapter = seeded(lambda: LatentAdapter(LatentAdapterConfig(**SIZES, conditioning="embedding")))
    optimiser, latents, target = (
        torch.optim.Adam(adapter.parameters(), 1e-3),
        randn(2, 12, 6),
        randn(2, 12, 32),
    )
    losses = []
    for _ in range(3):
        optimiser.zero_grad()
        loss = (adapter(latents, quality=torch.rand(2, 12)) - target).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[2] < losses[0]
    assert all(p.grad is not None and p.grad.any() for p in adapter.parameters())


@pytest.mark.parametrize("grid", [(3, 4), (6, 8), (2, 2), (5, 1)])
def test_other_grids_get_interpolated_positions(grid: tuple[int, int]) -> None:
    adapter = seeded(lambda: trained(LatentAdapter(LatentAdapterConfig(**SIZES))))
    assert adapter(randn(1, grid[0] * grid[1], 6), grid).shape == (1, grid[0] * grid[1], 32)


def test_a_patch_sees_where_it_is_and_what_the_others_are() -> None:
    adapter = seeded(lambda: trained(LatentAdapter(LatentAdapterConfig(**SIZES))))
    latents = randn(1, 12, 6)
    plain = adapter(latents)
    assert not torch.allclose(adapter(latents.flip(1)).flip(1), plain, atol=1e-3)
    changed = latents.clone()
    changed[0, 0] += 1
    assert not torch.equal(adapter(changed)[0, 11], plain[0, 11])


def test_quality_is_seen_patch_by_patch() -> None:
    adapter = seeded(lambda: trained(LatentAdapter(LatentAdapterConfig(**SIZES, conditioning="embedding"))))
    latents = randn(2, 12, 6)
    low = adapter(latents, quality=torch.full((2, 1), 0.1))
    torch.testing.assert_close(low, adapter(latents, quality=torch.full((2, 12), 0.1)))
    assert not torch.allclose(low, adapter(latents, quality=torch.full((2, 1), 0.9)))


def test_gain_conditioning_divides_by_the_steps_and_ignores_padding() -> None:
    adapter = seeded(lambda: trained(LatentAdapter(LatentAdapterConfig(**SIZES, conditioning="gain"))))
    latents, steps = randn(1, 12, 6), torch.rand(1, 12, 6) + 0.5
    torch.testing.assert_close(
        adapter(latents * steps, steps=steps),
        adapter(latents, steps=torch.ones(1, 1, 1)),
        atol=1e-5,
        rtol=1e-5,
    )
    steps[0, 3] = 0
    masked = latents.clone()
    masked[0, 3] = 0
    latents.requires_grad_()
    out = adapter(latents, steps=steps)
    torch.testing.assert_close(out, adapter(masked, steps=torch.where(steps > 0, steps, 1)))
    out.sum().backward()
    assert latents.grad is not None
    assert latents.grad.isfinite().all()


@pytest.mark.parametrize("conditioning", ["embedding", "gain"])
def test_missing_conditioning_is_named(conditioning: str) -> None:
    adapter = LatentAdapter(LatentAdapterConfig(**SIZES, conditioning=conditioning))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=conditioning):
        adapter(randn(1, 12, 6))


def test_latents_of_another_shape_are_refused() -> None:
    adapter = LatentAdapter(LatentAdapterConfig(**SIZES))
    with pytest.raises(ValueError, match=r"must be \(N, 12, 6\).*not \(1, 12, 7\)"):
        adapter(randn(1, 12, 7))
    with pytest.raises(ValueError, match=r"quality must be"):
        LatentAdapter(LatentAdapterConfig(**SIZES, conditioning="embedding"))(
            randn(2, 12, 6), quality=torch.rand(1, 12)
        )


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_a_neck_makes_as_many_leading_tokens_as_the_tower_has(prefix: int) -> None:
    neck = seeded(lambda: TransformNeck(TransformNeckConfig(**SIZES, prefix=prefix)))
    out = neck(randn(2, 12, 6))
    assert out.shape == (2, prefix + 12, 32)
    out.square().sum().backward()
    assert all(p.grad is not None for p in neck.parameters())


def test_heads_follow_the_width() -> None:
    assert LatentAdapterConfig().head_count == 16
    assert LatentAdapterConfig(width=192).head_count == 3
    assert LatentAdapterConfig(width=32).head_count == 1


@pytest.mark.parametrize(
    "config",
    [LatentAdapterConfig(256, 192, (14, 14), conditioning="gain"), TransformNeckConfig(block=3, prefix=0)],
)
def test_sizes_survive_json(config: LatentAdapterConfig | TransformNeckConfig) -> None:
    assert type(config).from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"width": 0}, "width"),
        ({"grid": [3]}, "grid"),
        ({"grid": 3}, "grid"),
        ({"heads": 3}, "heads"),
        ({"conditioning": "guess"}, "conditioning"),
        ({"depth": 2}, "unknown size 'depth'"),
        ({"latents": "many"}, "latents"),
    ],
)
def test_impossible_sizes_are_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        LatentAdapterConfig.from_dict(values)
