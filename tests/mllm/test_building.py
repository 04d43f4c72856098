"""Tokenizer, networks and processor of the embedded models."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from cotam.mllm.embedded import (
    EmbeddedSizes,
    build_clip,
    build_llava,
    build_processor,
    build_tokenizer,
    tokenizer_for_clip,
)


@pytest.fixture(scope="module")
def tokenizer(transformers: Any, texts: list[str]) -> Any:
    return build_tokenizer(texts)


@pytest.fixture(scope="module")
def processor(tokenizer: Any, sizes: EmbeddedSizes) -> Any:
    return build_processor(sizes, tokenizer)


def test_the_same_texts_give_the_same_tokenizer(tokenizer: Any, texts: list[str]) -> None:
    again = build_tokenizer(iter(texts))
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


@pytest.mark.parametrize("word", ["seven", "red", "stars", "short"])
def test_a_recurring_word_is_one_token_with_its_space(tokenizer: Any, word: str) -> None:
    assert len(tokenizer.encode(f" {word}")) == 1


def test_any_text_survives_the_tokenizer(tokenizer: Any) -> None:
    text = "naïve ★ 7 × \t 日本"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_vocabulary_is_bounded_and_has_room_for_every_byte(texts: list[str]) -> None:
    assert len(build_tokenizer(texts, 280)) == 280
    with pytest.raises(ValueError, match="at least 260, for every byte, not 259"):
        build_tokenizer(texts, 259)


def test_clip_reads_texts_between_start_and_end(tokenizer: Any) -> None:
    tokens = tokenizer_for_clip(tokenizer, 8)
    short, long = tokens(["red", "red " * 20], padding=True, truncation=True)["input_ids"]
    assert short[0] == long[0] == tokens.bos_token_id
    assert len(long) == 8
    assert long[-1] == tokens.eos_token_id
    assert short[-1] == tokens.pad_token_id


def test_training_llava_trains_the_tower_of_clip(tokenizer: Any, sizes: EmbeddedSizes) -> None:
    clip = build_clip(sizes, tokenizer)
    llava = build_llava(sizes, tokenizer, clip)
    shared = {id(parameter) for parameter in clip.vision_model.parameters()}
    assert shared == {id(parameter) for parameter in llava.model.vision_tower.parameters()}
    pixels = torch.randn(1, 3, sizes.image, sizes.image)
    llava.model.get_image_features(pixels, return_dict=True).pooler_output[0].sum().backward()
    assert clip.vision_model.embeddings.patch_embedding.weight.grad.abs().sum() > 0


def test_sizes_reach_the_networks(tokenizer: Any, sizes: EmbeddedSizes) -> None:
    clip = build_clip(sizes, tokenizer)
    config = build_llava(sizes, tokenizer, clip).config
    assert (clip.config.vision_config.num_hidden_layers, clip.config.projection_dim) == (3, 16)
    assert (config.text_config.intermediate_size, config.text_config.max_position_embeddings) == (64, 512)
    assert (config.image_seq_length, config.vision_feature_layer) == (sizes.image_tokens, -1) == (16, -1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"vision_layers": 0}, "vision_layers must be at least 1"),
        ({"language_heads": 3}, "language_width must be a multiple of language_heads=3"),
        ({"image": 60}, "image must be a multiple of patch=16"),
        ({"vision_feature_layer": -4}, "vision_feature_layer must be from -3 to 3"),
    ],
)
def test_impossible_sizes_are_refused(sizes: EmbeddedSizes, wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(sizes, **wrong)


def test_a_conversation_is_written_turn_by_turn(processor: Any) -> None:
    picture, text = {"type": "image"}, {"type": "text", "text": "what is it?"}
    messages = [
        {"role": "system", "content": "be short"},
        {"role": "user", "content": [picture, text]},
        {"role": "assistant", "content": [{"type": "text", "text": "red"}]},
        {"role": "user", "content": "and now?"},
    ]
    assert processor.apply_chat_template(messages[1:3]) == "USER:<image> what is it? ASSISTANT: red</s>"
    assert processor.apply_chat_template(messages, add_generation_prompt=True) == (
        " be short USER:<image> what is it? ASSISTANT: red</s>USER: and now? ASSISTANT:"
    )


def test_a_picture_becomes_as_many_tokens_as_it_has_patches(
    processor: Any, sizes: EmbeddedSizes, photos: list[Any]
) -> None:
    content = [*({"type": "image", "image": photo} for photo in photos), {"type": "text", "text": "red"}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=True, return_dict=True, return_tensors="pt"
    )
    assert int((inputs["input_ids"] == processor.image_token_id).sum()) == 3 * sizes.image_tokens
    assert inputs["pixel_values"].shape == (3, 3, sizes.image, sizes.image)
