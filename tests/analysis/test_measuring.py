"""Whole towers: reduced layer by layer as if everything had been kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cotam.analysis.attention import measure_attention
from cotam.analysis.measuring import CURVES, measure_versions
from cotam.analysis.token_similarity import linear_cka
from cotam.errors import ModelError
from cotam.vision import Tower
from cotam.vision.walking import walk

from .conftest import FAMILIES

Towers = Callable[..., Tower]


@pytest.fixture
def versions(make_picture: Any) -> list[np.ndarray]:
    """An original and three pictures that differ from it, of several sizes."""
    original = make_picture(80, 64)
    return [
        original,
        np.clip(original + 9.0, 0, 255).astype(np.uint8),
        original[::2, ::2],
        make_picture(40, 90),
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_as_they_come_are_what_a_run_keeps(family: str, tower: Towers) -> None:
    t = tower(family)
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    run = t.run(images, tokens_of=range(t.depth + 1), attention_of=range(t.depth))
    steps = list(walk(t, images))
    assert len(steps) == t.depth + 1
    assert steps[0].attention is None
    for place, step in enumerate(steps):
        torch.testing.assert_close(step.tokens, run.tokens[place])
        if step.attention is not None:
            torch.testing.assert_close(step.attention, run.attention[place - 1])


@pytest.mark.parametrize("batch", [1, 3, 8])
@pytest.mark.parametrize("family", FAMILIES)
def test_any_batch_gives_what_a_whole_run_gives(
    family: str, batch: int, tower: Towers, versions: list[np.ndarray]
) -> None:
    t = tower(family)
    result = measure_versions(t, versions, batch)
    run = t.run(t.preprocess(versions), tokens_of=range(t.depth + 1), attention_of=range(t.depth))
    for block in range(t.depth):
        expected = measure_attention(run.attention[block], t.prefix_tokens, (4, 4))
        for name in CURVES:
            np.testing.assert_allclose(result.attention[name][:, block], getattr(expected, name), atol=1e-4)
        np.testing.assert_allclose(result.inflow[block], expected.inflow[0], atol=1e-4)
    for place, tokens in run.tokens.items():
        patches = tokens[:, t.prefix_tokens :]
        cosine = torch.cosine_similarity(patches, patches[:1], dim=-1)
        np.testing.assert_allclose(result.cosine[:, place], cosine, atol=1e-4)
        np.testing.assert_allclose(result.cka[:, place], linear_cka(patches[0], patches), atol=1e-4)
    np.testing.assert_allclose(result.cosine[0], 1, atol=1e-5)


def test_memory_does_not_grow_with_depth(tower: Towers) -> None:
    t, alive = tower("clip", 9), []
    images = torch.zeros(1, 3, 64, 64)
    for step in walk(t, images):
        if step.attention is not None:
            alive.append(step.attention.untyped_storage().data_ptr())
        del step
    assert len(set(alive)) < t.depth  # storage of earlier blocks is used again


def test_a_tower_without_attention_is_refused_in_one_line(tower: Towers, versions: list[np.ndarray]) -> None:
    t = tower("clip")
    t._family.model.set_attn_implementation("sdpa")
    with pytest.raises(
        ModelError, match=r"block 0 gives no attention weights; .* attn_implementation='eager'"
    ):
        measure_versions(t, versions)


def test_nothing_to_measure_is_refused(tower: Towers) -> None:
    with pytest.raises(ValueError, match="needs a picture"):
        measure_versions(tower("clip"), [])
