"""The embedded CLIP and LLaVA with random weights, on one vision tower."""

from typing import TYPE_CHECKING, Any

from torch import nn

from cotam.mllm.embedded.sizes import EmbeddedSizes
from cotam.vision.weights import import_transformers

if TYPE_CHECKING:
    from transformers import CLIPModel, LlavaForConditionalGeneration, PreTrainedTokenizerFast

MLP_RATIO = 4
"""Inner width of the MLPs of CLIP's two sides, in widths."""


def build_clip(sizes: EmbeddedSizes, tokenizer: "PreTrainedTokenizerFast") -> "CLIPModel":
    """Build a CLIP with random weights, as transformers draws them from torch's generator.

    Args:
        sizes: of both sides.
        tokenizer: from `build_tokenizer`; says how many tokens there are and what the special ones are.

    Raises:
        ModelError: transformers is not installed.
    """
    transformers = import_transformers()
    text = {
        "hidden_size": sizes.text_width,
        "intermediate_size": MLP_RATIO * sizes.text_width,
        "num_hidden_layers": sizes.text_layers,
        "num_attention_heads": sizes.text_heads,
        "max_position_embeddings": sizes.text_length,
        "projection_dim": sizes.projection,
        "vocab_size": len(tokenizer),
        "hidden_act": "gelu",
        **_special_ids(tokenizer),
    }
    config = transformers.CLIPConfig(
        text_config=text, vision_config=_vision(sizes), projection_dim=sizes.projection
    )
    return transformers.CLIPModel(config)


def build_llava(
    sizes: EmbeddedSizes, tokenizer: "PreTrainedTokenizerFast", clip: "CLIPModel"
) -> "LlavaForConditionalGeneration":
    """Build a LLaVA whose vision tower consists of the very parameters of `clip`: training either trains both.

    Projector and language model have random weights, as transformers draws them from torch's generator.

    Args:
        sizes: as for `build_clip`.
        tokenizer: as for `build_clip`.
        clip: from `build_clip`, of the same sizes.

    Raises:
        ModelError: transformers is not installed.
    """
    transformers = import_transformers()
    language = transformers.LlamaConfig(
        hidden_size=sizes.language_width,
        intermediate_size=sizes.language_mlp,
        num_hidden_layers=sizes.language_layers,
        num_attention_heads=sizes.language_heads,
        num_key_value_heads=sizes.language_heads,
        max_position_embeddings=sizes.max_positions,
        vocab_size=len(tokenizer),
        **_special_ids(tokenizer),
    )
    config = transformers.LlavaConfig(
        vision_config={**_vision(sizes), "model_type": "clip_vision_model"},
        text_config=language,
        image_token_index=tokenizer.convert_tokens_to_ids(tokenizer.image_token),
        image_seq_length=sizes.image_tokens,
        vision_feature_layer=sizes.vision_feature_layer,
        vision_feature_select_strategy="default",
    )
    llava = transformers.LlavaForConditionalGeneration(config)
    _share_parameters(clip.vision_model, llava.model.vision_tower)
    for key, value in _special_ids(tokenizer).items():
        setattr(llava.generation_config, key, value)
    return llava


def _vision(sizes: EmbeddedSizes) -> dict[str, Any]:
    return {
        "hidden_size": sizes.vision_width,
        "intermediate_size": MLP_RATIO * sizes.vision_width,
        "num_hidden_layers": sizes.vision_layers,
        "num_attention_heads": sizes.vision_heads,
        "image_size": sizes.image,
        "patch_size": sizes.patch,
        "projection_dim": sizes.projection,
        "hidden_act": "gelu",
    }


def _special_ids(tokenizer: Any) -> dict[str, int]:
    return {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _share_parameters(source: nn.Module, target: nn.Module) -> None:
    """Put the parameters of one tower into another of the same shape; either may have an inner `vision_model`."""
    inner_source, inner_target = (getattr(tower, "vision_model", tower) for tower in (source, target))
    for name, parameter in inner_source.named_parameters():
        owner, _, leaf = name.rpartition(".")
        setattr(inner_target.get_submodule(owner), leaf, parameter)
