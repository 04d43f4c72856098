"""Small random towers of the four families that the analysis is for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.vision import Tower, load_tower

SIZES = {"hidden_size": 16, "num_attention_heads": 2, "image_size": 64, "patch_size": 16}
WIDE = {**SIZES, "intermediate_size": 32}
SHALLOW, DEEP = 3, 9
"""Blocks: too few for stages, and just enough."""

BUILDERS: dict[str, Callable[[Any, int], Any]] = {
    "clip": lambda t, blocks: t.CLIPVisionModel(t.CLIPVisionConfig(**WIDE, num_hidden_layers=blocks)),
    "siglip": lambda t, blocks: t.SiglipVisionModel(t.SiglipVisionConfig(**WIDE, num_hidden_layers=blocks)),
    "dinov2": lambda t, blocks: t.Dinov2WithRegistersModel(
        t.Dinov2WithRegistersConfig(**SIZES, num_hidden_layers=blocks, mlp_ratio=2, num_register_tokens=3)
    ),
    "internvit": lambda t, blocks: t.InternVLVisionModel(
        t.InternVLVisionConfig(**WIDE, num_hidden_layers=blocks)
    ),
}
FAMILIES = tuple(BUILDERS)


@pytest.fixture(scope="session")
def tower_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a tower by family and number of blocks."""
    transformers = pytest.importorskip("transformers")
    root = tmp_path_factory.mktemp("towers")

    def folder(family: str, blocks: int = SHALLOW) -> Path:
        target = root / f"{family}-{blocks}"
        if not target.is_dir():
            with torch.random.fork_rng():
                torch.manual_seed(0)
                model = BUILDERS[family](transformers, blocks)
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter.add_(torch.randn_like(parameter) * 0.2)
            model.save_pretrained(target)
        return target

    return folder


@pytest.fixture
def tower(tower_folder: Callable[..., Path]) -> Callable[..., Tower]:
    """A tower by family and number of blocks."""
    return lambda family, blocks=SHALLOW: load_tower(tower_folder(family, blocks))
