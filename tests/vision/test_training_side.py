"""What training asks of a tower: pooled features, embeddings beside the texts', blocks run twice, a fingerprint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.vision import Tower, load_tower
from cotam.vision.fingerprint import fingerprint

Towers = Callable[[str], Tower]


@pytest.mark.parametrize("name", ["clip-and-text", "siglip-and-text"])
def test_image_embeddings_are_the_models_own(
    name: str, tower: Towers, images: Callable[..., torch.Tensor], checkpoint: Callable[[str], Path]
) -> None:
    transformers = pytest.importorskip("transformers")
    seen, batch = tower(name), images(tower(name))
    full = transformers.AutoModel.from_pretrained(checkpoint(name)).eval()
    with torch.no_grad():
        wanted = full.get_image_features(pixel_values=batch).pooler_output
        found = seen.image_embeddings(seen.run(batch).last)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_the_pooled_feature_is_the_models_own(
    name: str, tower: Towers, images: Callable[..., torch.Tensor]
) -> None:
    seen, batch = tower(name), images(tower(name))
    with torch.no_grad():
        wanted = seen.model(pixel_values=batch).pooler_output
        torch.testing.assert_close(seen.pooled(seen.run(batch).last), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["llava-onevision", "internvl", "dinov2"])
def test_towers_without_a_head_pool_to_one_vector(
    name: str, tower: Towers, images: Callable[..., torch.Tensor]
) -> None:
    seen, batch = tower(name), images(tower(name))
    with torch.no_grad():
        assert seen.pooled(seen.run(batch).last).shape == (2, seen.width)


def test_embeddings_need_a_text_side(tower: Towers, images: Callable[..., torch.Tensor]) -> None:
    seen = tower("clip")
    with pytest.raises(ValueError, match="has no text side"):
        seen.image_embeddings(torch.zeros(1, 26, seen.width))


def test_a_tower_may_be_left_before_its_end_and_gone_on_with(
    tower: Towers, images: Callable[..., torch.Tensor]
) -> None:
    seen = tower("clip")
    run = seen.run(images(seen), tokens_of=(1, 3))
    between = seen.run_from(run.tokens[1], 1, until=3)
    torch.testing.assert_close(between, run.tokens[3])
    torch.testing.assert_close(seen.run_from(between, 3), run.last)


def test_gradients_are_the_same_with_blocks_run_twice(
    checkpoint: Callable[[str], Path], images: Callable[..., torch.Tensor]
) -> None:
    seen = load_tower(checkpoint("clip"))
    gradients = []
    for again in (False, True):
        seen.gradient_checkpointing = again
        batch = images(seen).requires_grad_()
        seen.run(batch).last.square().sum().backward()
        assert batch.grad is not None
        gradients.append(batch.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("name", ["clip", "siglip", "dinov3", "internvl"])
def test_a_fingerprint_survives_rounding_and_tells_towers_apart(
    name: str, checkpoint: Callable[[str], Path]
) -> None:
    towers: list[Any] = [load_tower(checkpoint(name), dtype=kind).model for kind in ("float32", "bfloat16")]
    assert fingerprint(towers[0]) == fingerprint(towers[1])
    with torch.no_grad():
        next(iter(towers[1].parameters())).view(-1)[0].neg_()
    assert fingerprint(towers[0]) != fingerprint(towers[1])
