import pytest
import torch

from cotam.adapters import Geometry, sample_latents


def geometry(size: tuple[int, int], boxes: torch.Tensor, shown: torch.Tensor | None = None) -> Geometry:
    return Geometry(boxes, torch.ones(boxes.shape[:3], dtype=torch.bool) if shown is None else shown, size)


def regular(size: tuple[int, int], rows: int, columns: int) -> torch.Tensor:
    xs = torch.linspace(0, size[0], columns + 1)
    ys = torch.linspace(0, size[1], rows + 1)
    left, top = xs[:-1].expand(rows, -1), ys[:-1, None].expand(-1, columns)
    right, bottom = xs[1:].expand(rows, -1), ys[1:, None].expand(-1, columns)
    return torch.stack([left, top, right, bottom], -1)[None]


@pytest.fixture
def latents() -> torch.Tensor:
    return torch.randn(5, 24, 24, generator=torch.Generator().manual_seed(0))


def test_patches_that_are_cells_get_the_latents_unchanged(latents: torch.Tensor) -> None:
    sampled = sample_latents(latents, geometry((384, 384), regular((384, 384), 24, 24)))
    assert torch.equal(sampled, latents.flatten(1).T[None])


def test_a_real_336_tower_gets_a_384_picture_one_to_one(latents: torch.Tensor) -> None:
    transformers = pytest.importorskip("transformers")
    from cotam.adapters import geometry_of

    processor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}
    )
    sampled = sample_latents(latents, geometry_of(processor, (384, 384), 14))
    assert torch.equal(sampled, latents.flatten(1).T[None])


def test_large_patches_get_the_mean_of_their_cells(latents: torch.Tensor) -> None:
    sampled = sample_latents(latents, geometry((384, 384), regular((384, 384), 4, 3)))
    expected = torch.nn.functional.avg_pool2d(latents, (6, 8)).flatten(1).T[None]
    torch.testing.assert_close(sampled, expected)


def test_parts_of_cells_count_by_their_area() -> None:
    latents = torch.tensor([[[1.0, 2.0, 4.0]]])
    box = torch.tensor([8.0, 0, 40, 16]).view(
        1, 1, 1, 4
    )  # half of the first cell, the second, half of the third
    sampled = sample_latents(latents, geometry((48, 16), box))
    assert sampled.item() == pytest.approx((0.5 * 1 + 2 + 0.5 * 4) / 2)


def test_small_patches_are_interpolated_linearly() -> None:
    latents = torch.arange(8.0).view(1, 1, 8)
    sampled = sample_latents(latents, geometry((128, 16), regular((128, 16), 1, 64)))
    centres = (torch.arange(64) + 0.5) * 2
    expected = (centres / 16 - 0.5).clamp(0, 7)
    torch.testing.assert_close(sampled.flatten(), expected)


def test_padding_gives_zeros(latents: torch.Tensor) -> None:
    shown = torch.ones(1, 24, 24, dtype=torch.bool)
    shown[0, 3, 4] = False
    sampled = sample_latents(latents, geometry((384, 384), regular((384, 384), 24, 24), shown))[0]
    assert not sampled[3 * 24 + 4].any()
    assert sampled.any(1).sum() == 24 * 24 - 1


def test_a_batch_is_sampled_like_its_items(latents: torch.Tensor) -> None:
    where = geometry((384, 384), torch.cat([regular((384, 384), 6, 6), regular((200, 100), 6, 6)]))
    batch = torch.stack([latents, -latents])
    sampled = sample_latents(batch, where)
    assert sampled.shape == (2, 2, 36, 5)
    torch.testing.assert_close(sampled[1], sample_latents(-latents, where))


def test_gradients_reach_the_latents(latents: torch.Tensor) -> None:
    latents.requires_grad_()
    sample_latents(latents, geometry((384, 384), regular((384, 384), 24, 24))).sum().backward()
    assert latents.grad is not None
    torch.testing.assert_close(latents.grad, torch.ones_like(latents))


def test_latents_of_a_smaller_picture_are_refused(latents: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"\(C, 25, 24\)"):
        sample_latents(latents, geometry((384, 400), regular((384, 400), 4, 4)))
