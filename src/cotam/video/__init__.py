"""Video: frames of clips, folders, animations or a camera into sequences, and sequences back into frames.

`encode` does it all at once, `VideoEncoder` takes frames as they come, `VideoReader` gives them back, in order or by
number. Importing this package loads neither torch nor PyAV.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Frame": "frame",
    "GuideOverTime": "guiding",
    "Sampling": "sampling",
    "VideoEncoder": "encoding",
    "VideoReader": "reading",
    "encode": "encoding",
    "open_frames": "sources",
    "write_video": "writing",
}

__all__ = [
    "Frame",
    "GuideOverTime",
    "Sampling",
    "VideoEncoder",
    "VideoReader",
    "encode",
    "open_frames",
    "write_video",
]


def __getattr__(name: str) -> Any:
    """Import on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
