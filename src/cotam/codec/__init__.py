"""Pictures to streams and back. `read_info` and `LevelMap` work without torch."""

from typing import Any

_HOME = {
    "Analysis": "records",
    "Codec": "codec",
    "Encoded": "records",
    "Guide": "guiding",
    "LatentImage": "records",
    "LevelMap": "level_map",
    "SimilarityTarget": "similarity",
    "StreamInfo": "info",
    "codec_for_model": "loading",
    "codec_for_stream": "loading",
    "default_codec": "loading",
    "load_codec": "loading",
    "read_info": "info",
}

__all__ = [
    "Analysis",
    "Codec",
    "Encoded",
    "Guide",
    "LatentImage",
    "LevelMap",
    "SimilarityTarget",
    "StreamInfo",
    "codec_for_model",
    "codec_for_stream",
    "default_codec",
    "load_codec",
    "read_info",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that reading a stream's description never loads torch."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
