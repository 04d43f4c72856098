"""Patches against texts: CLIP and SigLIP with their text sides."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cosine_similarity

from cotam.errors import ModelError
from cotam.vision import Tower, load_tower

from .conftest import TOWERS, TWO_SIDED

Towers = Callable[[str], Tower]
TEXTS = ["a red sign", "a dog"]


@pytest.mark.parametrize("name", TWO_SIDED)
def test_relevance_is_a_cosine_per_patch(name: str, tower: Towers, images: Any) -> None:
    t = tower(name)
    relevance = t.text_relevance(images(t), TEXTS)
    assert relevance.shape == (2, 4, 4)
    assert relevance.dtype == torch.float32
    assert relevance.abs().max() <= 1 + 1e-6
    assert relevance.std() > 0


@pytest.mark.parametrize("name", TWO_SIDED)
def test_every_image_has_its_own_text(name: str, tower: Towers, images: Any) -> None:
    t = tower(name)
    both, swapped = t.text_relevance(images(t), TEXTS), t.text_relevance(images(t), TEXTS[::-1])
    alone = t.text_relevance(images(t)[1:], TEXTS[1:])
    torch.testing.assert_close(both[1:], alone)
    assert not torch.allclose(both, swapped)


def test_clip_projects_patches_as_it_projects_the_class_token(
    transformers: Any, checkpoint: Callable[[str], Path], tower: Towers, images: Any
) -> None:
    t = tower("clip-and-text")
    model = transformers.CLIPModel.from_pretrained(checkpoint("clip-and-text")).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint("clip-and-text"))
    with torch.no_grad():
        vision = model.vision_model(images(t))
        patches = model.visual_projection(model.vision_model.post_layernorm(vision.last_hidden_state[:, 1:]))
        text = model.get_text_features(**tokenizer(TEXTS, padding=True, return_tensors="pt")).pooler_output
    expected = cosine_similarity(patches, text[:, None], dim=-1)
    torch.testing.assert_close(t.text_relevance(images(t), TEXTS).flatten(1), expected, rtol=0, atol=1e-5)


def test_siglip_pools_each_patch_alone(
    transformers: Any, checkpoint: Callable[[str], Path], tower: Towers, images: Any
) -> None:
    t = tower("siglip-and-text")
    model = transformers.SiglipModel.from_pretrained(checkpoint("siglip-and-text")).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint("siglip-and-text"))
    padded = tokenizer(TEXTS, padding="max_length", max_length=8, return_tensors="pt").input_ids
    with torch.no_grad():
        tokens = model.vision_model(images(t)).last_hidden_state
        patches = torch.stack([model.vision_model.head(tokens[:, i : i + 1]) for i in range(16)], 1)
        text = model.get_text_features(input_ids=padded).pooler_output
    expected = cosine_similarity(patches, text[:, None], dim=-1)
    torch.testing.assert_close(t.text_relevance(images(t), TEXTS).flatten(1), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", TWO_SIDED)
def test_an_overlong_text_is_cut_off(name: str, tower: Towers, images: Any) -> None:
    t = tower(name)
    assert t.text_relevance(images(t)[:1], ["a red sign " * 20]).isfinite().all()


@pytest.mark.parametrize("name", TOWERS)
def test_a_tower_alone_has_no_text_side(name: str, tower: Towers, images: Any) -> None:
    t = tower(name)
    assert not t.has_text
    with pytest.raises(ValueError, match="has no text side; pass a whole CLIP or SigLIP checkpoint"):
        t.text_relevance(images(t), TEXTS)


def test_without_a_tokenizer_there_is_no_text_side(checkpoint: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint("clip-and-text"), tmp_path / "clip")
    assert load_tower(folder).has_text
    (folder / "tokenizer.json").unlink()
    assert not load_tower(folder).has_text


@pytest.mark.parametrize("content", ["{}", "[]", "not json"])
def test_a_damaged_tokenizer_is_refused(content: str, checkpoint: Any, tmp_path: Path, images: Any) -> None:
    folder = shutil.copytree(checkpoint("clip-and-text"), tmp_path / "clip")
    (folder / "tokenizer.json").write_text(content)
    tower = load_tower(folder)
    with pytest.raises(ModelError, match="the tokenizer cannot be loaded"):
        tower.text_relevance(images(tower), TEXTS)


@pytest.mark.parametrize("texts", ["a dog", ["a dog"], []])
def test_another_number_of_texts_is_refused(texts: Any, tower: Towers, images: Any) -> None:
    t = tower("clip-and-text")
    with pytest.raises(ValueError, match="one text for each of the 2 images"):
        t.text_relevance(images(t), texts)
