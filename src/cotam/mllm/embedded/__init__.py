"""The small MLLM that ships with cotam: a real CLIP and a real LLaVA on one vision tower."""

from typing import Any

_HOME = {
    "EmbeddedSizes": "sizes",
    "build_tokenizer": "tokenizer",
    "restore_tokenizer": "tokenizer",
    "tokenizer_for_clip": "tokenizer",
    "build_clip": "building",
    "build_llava": "building",
    "build_processor": "processor",
    "save_embedded": "saving",
    "assemble": "assembling",
    "restore_embedded": "restoring",
    "stored_tokenizer": "restoring",
}

__all__ = [
    "EmbeddedSizes",
    "assemble",
    "build_clip",
    "build_llava",
    "build_processor",
    "build_tokenizer",
    "restore_embedded",
    "restore_tokenizer",
    "save_embedded",
    "stored_tokenizer",
    "tokenizer_for_clip",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the sizes need no torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
