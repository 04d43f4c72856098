"""Vision towers of transformers models, taken apart: tokens and attention of their first blocks, without the rest."""

from typing import Any

_HOME = {"Tower": "tower", "TowerRun": "tower_run", "load_tower": "loading"}

__all__ = ["Tower", "TowerRun", "load_tower"]


def __getattr__(name: str) -> Any:
    """Import on first use: files and constants of towers are read without torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
