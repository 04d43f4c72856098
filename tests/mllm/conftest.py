"""Small random MLLMs of every family, in the files that hub repositories consist of; built once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from llava_models import SIZES, TEXTS, make_llava
from PIL import Image

from cotam.mllm import Mllm, load_mllm
from cotam.mllm.embedded import EmbeddedSizes, build_tokenizer

VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 64,
    "patch_size": 16,
}
GRID = [[64, 64], [64, 128], [128, 64], [128, 128]]
"""Sizes that pictures are cut into tiles for."""

FAMILIES = ("llava", "llava_next", "llava_onevision", "internvl")
TEMPLATE = (
    "{% for message in messages %}{{ message.role }}:"
    "{% for part in message.content %}{% if part.type == 'text' %} {{ part.text }}{% else %}IMAGE{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)


@pytest.fixture(scope="session")
def transformers() -> Any:
    """The library."""
    return pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def sizes() -> EmbeddedSizes:
    """Sizes of the embedded models in these tests."""
    return SIZES


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """What the tokenizers learn from."""
    return TEXTS


def shaken(model: Any, seed: int = 0) -> Any:
    """No zeros, ones or very small values: every part counts, and different pictures have different answers."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.25)
    return model.eval()


def language(tokenizer: Any) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 512,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _tokenizer(folder: Path, **extra: str) -> Any:
    """Save a tokenizer whose extra special tokens have names, as in the hub's files."""
    tokenizer = build_tokenizer(TEXTS)
    tokenizer.add_special_tokens({"additional_special_tokens": list(extra.values())})
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    stated = {**json.loads(path.read_text()), "extra_special_tokens": extra}
    path.write_text(json.dumps(stated))
    return tokenizer


def _files(folder: Path, image_token: str, image_processor: Any, **processor: Any) -> None:
    image_processor.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps(processor))
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("IMAGE", image_token))


def _llava(t: Any, folder: Path) -> Any:
    return make_llava(folder)


def _llava_next(t: Any, folder: Path) -> Any:
    tokenizer = _tokenizer(folder, image_token="<image>")
    side = {"height": 64, "width": 64}
    images = t.LlavaNextImageProcessorPil(
        size={"shortest_edge": 64}, crop_size=side, image_grid_pinpoints=GRID
    )
    _files(
        folder,
        "<image>",
        images,
        processor_class="LlavaNextProcessor",
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    config = t.LlavaNextConfig(
        vision_config={**VISION, "model_type": "clip_vision_model"},
        text_config=language(tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=GRID,
        vision_feature_layer=-2,
    )
    return t.LlavaNextForConditionalGeneration(config)


def _llava_onevision(t: Any, folder: Path) -> Any:
    tokenizer = _tokenizer(folder, image_token="<image>", video_token="<video>")
    images = t.LlavaOnevisionImageProcessorPil(size={"height": 64, "width": 64}, image_grid_pinpoints=GRID)
    _files(
        folder,
        "<image>",
        images,
        processor_class="LlavaOnevisionProcessor",
        num_image_tokens=16,
        vision_feature_select_strategy="full",
    )
    config = t.LlavaOnevisionConfig(
        vision_config={**VISION, "model_type": "siglip_vision_model", "vision_use_head": False},
        text_config=language(tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=GRID,
    )
    return t.LlavaOnevisionForConditionalGeneration(config)


def _internvl(t: Any, folder: Path) -> Any:
    tokenizer = _tokenizer(
        folder,
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    images = t.GotOcr2ImageProcessorPil(
        size={"height": 64, "width": 64}, crop_to_patches=True, min_patches=1, max_patches=4
    )
    _files(folder, "<IMG_CONTEXT>", images, processor_class="InternVLProcessor", image_seq_length=4)
    config = t.InternVLConfig(
        vision_config={
            **VISION,
            "image_size": [64, 64],
            "patch_size": [16, 16],
            "model_type": "internvl_vision",
        },
        text_config=language(tokenizer),
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    return t.InternVLForConditionalGeneration(config)


def _qwen2_5_vl(t: Any, folder: Path) -> Any:
    names = {
        f"{kind}_token": f"<|{kind}|>" for kind in ("image_pad", "video_pad", "vision_start", "vision_end")
    }
    names = {
        name.replace("image_pad", "image").replace("video_pad", "video"): token
        for name, token in names.items()
    }
    tokenizer = _tokenizer(folder, **names)
    images = t.Qwen2VLImageProcessorPil(
        patch_size=8, merge_size=2, temporal_patch_size=2, size={"shortest_edge": 256, "longest_edge": 4096}
    )
    place = "<|vision_start|><|image_pad|><|vision_end|>"
    _files(folder, place, images, processor_class="Qwen2_5_VLProcessor")
    rotary = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    text = {**language(tokenizer), "rope_parameters": rotary}
    del text["model_type"]
    config = t.Qwen2_5_VLConfig(
        text_config=text,
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 8,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 32,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        },
        **{f"{name}_id": tokenizer.convert_tokens_to_ids(token) for name, token in names.items()},
    )
    return t.Qwen2_5_VLForConditionalGeneration(config)


BUILDERS: dict[str, Callable[[Any, Path], Any]] = {
    "llava": _llava,
    "llava_next": _llava_next,
    "llava_onevision": _llava_onevision,
    "internvl": _internvl,
    "qwen2_5_vl": _qwen2_5_vl,
}


@pytest.fixture(scope="session")
def checkpoint(transformers: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's checkpoint."""
    root = tmp_path_factory.mktemp("mllms")

    def folder(family: str) -> Path:
        if not (root / family).is_dir():
            (root / family).mkdir()
            with torch.random.fork_rng():
                torch.manual_seed(0)
                model = BUILDERS[family](transformers, root / family)
            shaken(model).save_pretrained(root / family)
        return root / family

    return folder


@pytest.fixture(scope="session")
def mllm(checkpoint: Callable[[str], Path]) -> Callable[[str], Mllm]:
    """A family's model, loaded by cotam."""
    loaded: dict[str, Mllm] = {}

    def of(family: str) -> Mllm:
        if family not in loaded:
            loaded[family] = load_mllm(checkpoint(family))
        return loaded[family]

    return of


@pytest.fixture(scope="session")
def photos() -> list[Image.Image]:
    """Three pictures of different sizes."""
    rng = np.random.default_rng(0)
    sizes = ((80, 60), (64, 64), (50, 120))
    return [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]
