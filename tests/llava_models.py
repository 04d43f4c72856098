"""A LLaVA of random weights and the smallest sizes."""

from pathlib import Path
from typing import Any

from cotam.mllm.embedded import EmbeddedSizes, build_clip, build_llava, build_processor, build_tokenizer

TEXTS = ["how many stars are there?", "what colour is the star?", "seven", "red", "be short"] * 8
SIZES = EmbeddedSizes(
    vision_width=32,
    vision_layers=3,
    vision_heads=2,
    image=64,
    projection=16,
    text_width=32,
    text_layers=2,
    text_heads=2,
    text_length=16,
    language_width=32,
    language_layers=2,
    language_heads=2,
    language_mlp=64,
    max_positions=512,
)


def make_llava(folder: Path) -> Any:
    """The model; its processor is saved in the folder."""
    tokenizer = build_tokenizer(TEXTS)
    build_processor(SIZES, tokenizer).save_pretrained(folder)
    return build_llava(SIZES, tokenizer, build_clip(SIZES, tokenizer))
