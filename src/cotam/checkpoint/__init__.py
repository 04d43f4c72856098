"""Model files: safetensors with a content hash, and the registry of those that ship with the package."""

from typing import Any

_HOME = {
    "ModelCard": "registry",
    "find_model": "registry",
    "known_models": "registry",
    "LoadedModel": "loading",
    "load_model": "loading",
    "write_model": "writing",
}

__all__ = ["LoadedModel", "ModelCard", "find_model", "known_models", "load_model", "write_model"]


def __getattr__(name: str) -> Any:
    """Import on first use: the registry needs no torch, and listing models must not load it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
