"""Multimodal LLMs of transformers: the small one that ships with cotam, and any other by name."""

from typing import Any

_HOME = {
    "Mllm": "mllm",
    "Mode": "entering",
    "load_mllm": "loading",
}

__all__ = ["Mllm", "Mode", "load_mllm"]


def __getattr__(name: str) -> Any:
    """Import on first use: nothing here is loaded for the sake of a name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
