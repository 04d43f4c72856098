"""The level map against a direct NumPy computation from transformers' own attention, and what is refused."""

import numpy as np
import pytest
import torch

from cotam.guidance import TowerGuidance, levels_of
from cotam.guidance.attention import ATTENTION_BYTES, batch_size
from cotam.guidance.importance import attention_importance

GRID = 4
K = 0.75
FAMILIES = ("clip", "siglip", "dinov2", "dinov2-registers", "dinov3", "internvit")
PREFIX = {"clip": 1, "siglip": 0, "dinov2": 1, "dinov2-registers": 4, "dinov3": 3, "internvit": 1}


@pytest.fixture
def pictures():
    return np.random.default_rng(5).integers(0, 256, (3, 80, 100, 3), dtype=np.uint8)


def own_attentions(transformers, folder, images):
    """All layers by transformers' own forward pass, (layers, N, heads, T, T)."""
    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        return np.stack([a.double().numpy() for a in model(images, output_attentions=True).attentions])


def pooled(values, grid):
    """Mean by area over a grid that need not divide, by repeating each cell `grid` times."""
    rows, columns = values.shape
    fine = values.repeat(grid, 0).repeat(grid, 1)
    return fine.reshape(grid, rows, grid, columns).mean((1, 3))


def three_levels(values):
    low, high = values.mean() - K * values.std(), values.mean() + K * values.std()
    return (values > high).astype(int) - (values < low)


def directly(attentions, prefix, attention, side):
    mean = attentions.mean((0, 2))
    patches = mean[:, 0, prefix:] if attention == "class" else mean[:, prefix:, prefix:].mean(1)
    return patches.reshape(-1, *side)


@pytest.mark.parametrize(
    ("family", "attention"),
    [(family, "class") for family in FAMILIES if family != "siglip"]
    + [(family, "received") for family in FAMILIES],
)
def test_the_level_map_is_that_of_transformers_own_attention(
    family, attention, tower, checkpoint, transformers, pictures
):
    t = tower(family)
    images = t.preprocess(pictures)
    attentions = own_attentions(transformers, checkpoint(family), images)[:3]
    expected = directly(attentions, PREFIX[family], attention, t.grid(*t.input_size))
    guidance = TowerGuidance(t, attention=attention, hierarchical=False)
    for picture, own in zip(pictures, expected, strict=True):
        importance = guidance.importance(picture)
        np.testing.assert_allclose(importance, own, rtol=1e-3)
        levels = levels_of(importance, GRID, K)
        np.testing.assert_array_equal(levels, three_levels(pooled(own, GRID)))
        assert set(np.unique(levels)) >= {-1, 1}


def test_other_layers_give_the_mean_over_those_layers(tower, checkpoint, transformers, pictures):
    t = tower("clip")
    images = t.preprocess(pictures)
    attentions = own_attentions(transformers, checkpoint("clip"), images)[[1, 3]]
    expected = directly(attentions, 1, "class", t.grid(*t.input_size))
    np.testing.assert_allclose(attention_importance(t, images, (3, 1)), expected, rtol=1e-3)


@pytest.mark.parametrize(("layers", "blocks"), [((0,), 1), ((2, 0), 3), ((3,), 4)])
def test_no_block_beyond_the_last_layer_is_run(layers, blocks, scripted, photograph):
    TowerGuidance(scripted, layers).importance(photograph(32, 32, 0, 0, 8))
    assert scripted.blocks == [blocks]


@pytest.mark.parametrize(("family", "kind"), [("clip", "class"), ("dinov3", "class"), ("siglip", "received")])
def test_attention_is_chosen_by_whether_there_is_a_class_token(family, kind, tower):
    assert TowerGuidance(tower(family)).attention == kind


def test_class_attention_of_a_tower_without_class_token_is_refused(tower):
    with pytest.raises(ValueError, match=r"attention must be 'received' or 'auto'.*no \[CLS\]"):
        TowerGuidance(tower("siglip"), attention="class")


@pytest.mark.parametrize("layers", [(), (4,), (-1, 0)])
def test_layers_that_a_tower_lacks_are_refused(layers, scripted):
    with pytest.raises(ValueError, match="layers must be block numbers from 0 to 3 for scripted"):
        TowerGuidance(scripted, layers)


def test_another_kind_of_attention_is_refused(scripted):
    with pytest.raises(ValueError, match="attention must be one of auto, class, received, not 'rollout'"):
        TowerGuidance(scripted, attention="rollout")


@pytest.mark.parametrize(("heads", "side"), [(2, 32), (16, 512), (16, 4096)])
def test_batches_keep_attention_within_its_memory(heads, side, scripted):
    scripted.heads, scripted.input_size = heads, (side, side)
    batch = batch_size(scripted, layers=3)
    picture = 3 * heads * (1 + (side // 8) ** 2) ** 2 * 4
    assert batch == 1 or batch * picture <= ATTENTION_BYTES < (batch + 1) * picture
