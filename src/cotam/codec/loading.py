"""Getting a codec: by name or file, for a stream, or the default one, kept after the first call."""

from functools import cache
from pathlib import Path
from typing import Literal

import torch

from cotam.bitstream import read_stream
from cotam.checkpoint.loading import load_model
from cotam.checkpoint.registry import DEFAULT_MODEL, find_model, model_of_stream
from cotam.codec.codec import Codec


def load_codec(
    name: str | Path = DEFAULT_MODEL,
    *,
    device: str | torch.device | None = None,
    dtype: Literal["float32", "bfloat16"] = "float32",
    threads: int | None = None,
) -> Codec:
    """Load a codec and hold it in memory.

    Args:
        name: name of a shipped model, or the path of a model file.
        device: such as ``cpu`` or ``cuda``; by default the CPU.
        dtype: precision of the transforms; what is decoded from a stream's latents does not depend on it.
        threads: CPU threads for the whole process; by default as torch is set.

    Raises:
        ModelError: unknown or damaged model.
        ValueError: an option out of range.
    """
    if dtype not in ("float32", "bfloat16"):
        raise ValueError(f"dtype must be 'float32' or 'bfloat16', not {dtype!r}")
    if threads is not None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        torch.set_num_threads(threads)
    try:
        where = torch.device(device or "cpu")
    except RuntimeError as error:
        raise ValueError(f"device must be one such as 'cpu' or 'cuda', not {device!r}") from error
    if where.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device='cuda', but no CUDA device is available here; use 'cpu'")
    return Codec(load_model(name), where, getattr(torch, dtype))


@cache
def _shared_codec(path: Path) -> Codec:
    return load_codec(path)


def codec_for_stream(data: bytes) -> Codec:
    """The shipped codec that a stream was made with, loaded once and kept.

    Raises:
        BitstreamError: the bytes are no valid stream.
        ModelError: the model does not ship with this package.
    """
    return codec_for_model(read_stream(data).header.model_id)


def codec_for_model(model_id: bytes) -> Codec:
    """The shipped codec of a stream's header, loaded once and kept.

    Raises:
        ModelError: the model does not ship with this package.
    """
    return _shared_codec(model_of_stream(model_id).path)


def default_codec() -> Codec:
    """The default shipped codec, loaded once and kept."""
    return _shared_codec(find_model(DEFAULT_MODEL).path)
