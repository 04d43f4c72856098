"""Encoding and decoding without torch: the networks as ONNX graphs on ONNX Runtime or OpenVINO."""

from typing import Any

_HOME = {
    "EdgeCodec": "codec",
    "NeedsTorchError": "runtimes",
    "export_graphs": "exporting",
    "fastest_runtime": "runtimes",
    "is_installed": "runtimes",
    "load_edge_codec": "loading",
}

__all__ = [
    "EdgeCodec",
    "NeedsTorchError",
    "export_graphs",
    "fastest_runtime",
    "is_installed",
    "load_edge_codec",
]


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
