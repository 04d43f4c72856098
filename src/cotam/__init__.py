"""cotam: image coding for multimodal LLMs.

``encode`` and ``decode`` turn pictures into small streams and back, ``read_info`` describes a stream, ``load_codec``
holds a model in memory, ``load_mllm`` a multimodal LLM. Importing this package is cheap: torch is loaded by the
first call that needs it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.errors import BitstreamError, CotamError, ImageError, ModelError, TrainingError, VersionError

if TYPE_CHECKING:
    from PIL import Image

    from cotam.codec import Codec, LevelMap, StreamInfo
    from cotam.mllm import Mllm

__version__ = "0.1.0"
__all__ = [
    "BitstreamError",
    "CotamError",
    "ImageError",
    "LevelMap",
    "ModelError",
    "TrainingError",
    "VersionError",
    "__version__",
    "decode",
    "encode",
    "load_codec",
    "load_mllm",
    "read_info",
]


def encode(image: Any, quality: float = 40, **options: Any) -> bytes:
    """Encode a picture with the default model; arguments as in `cotam.codec.Codec.encode`."""
    from cotam.codec.loading import default_codec

    return default_codec().encode(image, quality, **options)


def decode(data: bytes) -> "Image.Image":
    """Decode a stream with the shipped model that made it; errors as in `cotam.codec.Codec.decode`."""
    from cotam.codec.loading import codec_for_stream

    return codec_for_stream(data).decode(data)


def read_info(data: bytes) -> "StreamInfo":
    """Describe a stream without decoding it; never loads torch."""
    from cotam.codec.info import read_info

    return read_info(data)


def load_codec(name: str | Path = "cotam-s", **options: Any) -> "Codec":
    """Hold a model in memory; options as in `cotam.codec.load_codec`."""
    from cotam.codec.loading import load_codec

    return load_codec(name, **options)


def load_mllm(name_or_path: str | Path | None = None, **options: Any) -> "Mllm":
    """Load a multimodal LLM, by default the one that ships with cotam; options as in `cotam.mllm.load_mllm`."""
    from cotam.mllm.loading import load_mllm

    return load_mllm(name_or_path, **options)


def __getattr__(name: str) -> Any:
    """Import `LevelMap` on first use."""
    if name == "LevelMap":
        from cotam.codec.level_map import LevelMap

        return LevelMap
    raise AttributeError(f"module 'cotam' has no attribute {name!r}")
