"""Small random towers as they come out of an MLLM, and image processors of the PIL kind."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

WIDTH, PATCH, SIDE, BLOCKS = 32, 16, 64, 4
TOKENS = (SIDE // PATCH) ** 2
WIDE = {
    "hidden_size": WIDTH,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 4,
    "image_size": SIDE,
    "patch_size": PATCH,
}
DEEP = {**WIDE, "intermediate_size": 64}

TOWERS: dict[str, Callable[[Any], nn.Module]] = {
    "clip": lambda t: t.CLIPVisionModel(t.CLIPVisionConfig(**DEEP)),
    "siglip": lambda t: t.SiglipVisionModel(t.SiglipVisionConfig(**DEEP)),
    "internvit": lambda t: t.InternVLVisionModel(t.InternVLVisionConfig(**DEEP)),
    "dinov2": lambda t: t.Dinov2Model(t.Dinov2Config(**WIDE, mlp_ratio=2)),
    "dinov3": lambda t: t.DINOv3ViTModel(t.DINOv3ViTConfig(**DEEP, num_register_tokens=2)),
}
PREFIX = {"clip": 1, "siglip": 0, "internvit": 1, "dinov2": 1, "dinov3": 3}


@pytest.fixture(scope="session")
def transformers() -> Any:
    return pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def hf_tower(transformers: Any) -> Callable[[str], nn.Module]:
    """A tower of transformers by family, every weight random."""
    built: dict[str, nn.Module] = {}

    def of(name: str) -> nn.Module:
        if name not in built:
            with torch.random.fork_rng():
                torch.manual_seed(0)
                model = TOWERS[name](transformers).eval()
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter.add_(torch.randn_like(parameter) * 0.1)
            built[name] = model
        return built[name]

    return of


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
