"""Files of codecs and adapters: safetensors with a content hash, and the registry of those that ship."""

from typing import Any

_HOME = {
    "AdapterCard": "adapter_cards",
    "CodecIdentity": "adapter_cards",
    "TowerIdentity": "adapter_cards",
    "find_adapter": "adapter_cards",
    "known_adapters": "adapter_cards",
    "LoadedAdapter": "adapters",
    "load_adapter": "adapters",
    "tower_identity": "adapters",
    "write_adapter": "adapters",
    "ModelCard": "registry",
    "find_model": "registry",
    "known_models": "registry",
    "LoadedModel": "loading",
    "load_model": "loading",
    "write_model": "writing",
}

__all__ = [
    "AdapterCard",
    "CodecIdentity",
    "LoadedAdapter",
    "LoadedModel",
    "ModelCard",
    "TowerIdentity",
    "find_adapter",
    "find_model",
    "known_adapters",
    "known_models",
    "load_adapter",
    "load_model",
    "tower_identity",
    "write_adapter",
    "write_model",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the registry needs no torch, and listing models must not load it."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
