"""Small random towers of every family, saved as transformers saves them; built once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cotam.vision import Tower, load_tower

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "image_size": 64,
    "patch_size": 16,
}
WIDE = {**SIZES, "intermediate_size": 64}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 16,
    "max_position_embeddings": 8,
    "bos_token_id": 1,
    "eos_token_id": 3,
    "pad_token_id": 0,
}
LANGUAGE = {**TEXT, "model_type": "llama"}
WORDS = ["<pad>", "<s>", "<unk>", "</s>", "a", "red", "sign", "dog", "that", "says", "stop"]

TOWERS = ("clip", "siglip", "dinov2", "dinov2-registers", "dinov3", "internvit")
"""A checkpoint of the tower alone, per family."""
TWO_SIDED = ("clip-and-text", "siglip-and-text")
INSIDE_AN_MLLM = ("llava", "llava-onevision", "internvl")

BUILDERS: dict[str, Callable[[Any], Any]] = {
    "clip": lambda t: t.CLIPVisionModel(t.CLIPVisionConfig(**{**WIDE, "patch_size": 14, "image_size": 70})),
    "siglip": lambda t: t.SiglipVisionModel(t.SiglipVisionConfig(**WIDE)),
    "dinov2": lambda t: t.Dinov2Model(t.Dinov2Config(**SIZES, mlp_ratio=2)),
    "dinov2-registers": lambda t: t.Dinov2WithRegistersModel(
        t.Dinov2WithRegistersConfig(**SIZES, mlp_ratio=2, num_register_tokens=3)
    ),
    "dinov3": lambda t: t.DINOv3ViTModel(t.DINOv3ViTConfig(**WIDE, num_register_tokens=2)),
    "internvit": lambda t: t.InternVLVisionModel(t.InternVLVisionConfig(**WIDE)),
    "clip-and-text": lambda t: t.CLIPModel(
        t.CLIPConfig(text_config=TEXT, vision_config=WIDE, projection_dim=24)
    ),
    "siglip-and-text": lambda t: t.SiglipModel(
        t.SiglipConfig(text_config={**TEXT, "projection_size": 32}, vision_config=WIDE)
    ),
    "llava": lambda t: t.LlavaForConditionalGeneration(
        t.LlavaConfig(vision_config={**WIDE, "model_type": "clip_vision_model"}, text_config=LANGUAGE)
    ),
    "llava-onevision": lambda t: t.LlavaOnevisionForConditionalGeneration(
        t.LlavaOnevisionConfig(
            vision_config={**WIDE, "model_type": "siglip_vision_model", "vision_use_head": False},
            text_config=LANGUAGE,
        )
    ),
    "internvl": lambda t: t.InternVLForConditionalGeneration(
        t.InternVLConfig(vision_config={**WIDE, "model_type": "internvl_vision"}, text_config=LANGUAGE)
    ),
    "text-only": lambda t: t.CLIPTextModel(t.CLIPTextConfig(**TEXT)),
}


@pytest.fixture(scope="session")
def transformers() -> Any:
    """The library."""
    return pytest.importorskip("transformers")


def _save(transformers: Any, name: str, folder: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BUILDERS[name](transformers)
        with torch.no_grad():
            for parameter in model.parameters():  # no zeros, ones or tiny values: every part counts
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model.save_pretrained(folder)
    if name in TWO_SIDED:
        _save_tokenizer(transformers, folder)


def _save_tokenizer(transformers: Any, folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 1), ("</s>", 3)])
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(folder)


@pytest.fixture(scope="session")
def checkpoint(transformers: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a checkpoint of `BUILDERS`, by name."""
    root = tmp_path_factory.mktemp("towers")

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            _save(transformers, name, root / name)
        return root / name

    return folder


@pytest.fixture(scope="session")
def tower(checkpoint: Callable[[str], Path]) -> Callable[[str], Tower]:
    """The tower of a checkpoint, by name."""
    loaded: dict[str, Tower] = {}

    def of(name: str) -> Tower:
        if name not in loaded:
            loaded[name] = load_tower(checkpoint(name))
        return loaded[name]

    return of


@pytest.fixture
def images() -> Callable[..., torch.Tensor]:
    """Random input for a tower: (2, 3, h, w), of its input size or another."""

    def make(tower: Tower, height: int = 0, width: int = 0) -> torch.Tensor:
        size = (height or tower.input_size[0], width or tower.input_size[1])
        return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))

    return make
