"""Getting an edge codec: by name or file."""

from pathlib import Path

from cotam.checkpoint.reading import read_model
from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.edge.codec import EdgeCodec
from cotam.edge.guiding import EdgeGuides
from cotam.edge.networks import Networks
from cotam.edge.runtimes import (
    RUNTIMES,
    Precision,
    Runtime,
    fastest_precision,
    fastest_runtime,
)
from cotam.errors import ModelError


def load_edge_codec(
    name: str | Path = DEFAULT_MODEL,
    *,
    runtime: Runtime | None = None,
    precision: Precision | None = None,
    threads: int | None = None,
) -> EdgeCodec:
    """Load a codec that needs no torch.

    Args:
        name: name of a shipped model, or the path of a model file.
        runtime: ``onnx`` or ``openvino``; by default the fastest that is installed.
        precision: of transforms and towers: ``float32``, or ``bfloat16`` with OpenVINO, which is the default where
            the processor has it. What is decoded from a stream's latents does not depend on it.
        threads: CPU threads; by default one for each core.

    Raises:
        ModelError: unknown or damaged model, or a runtime that is not installed.
        ValueError: an option out of range.
    """
    if runtime not in (None, *RUNTIMES):
        raise ValueError(f"runtime must be one of {', '.join(RUNTIMES)}, not {runtime!r}")
    if precision not in (None, "float32", "bfloat16"):
        raise ValueError(f"precision must be 'float32' or 'bfloat16', not {precision!r}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    chosen = runtime or fastest_runtime()
    if chosen is None:
        raise ModelError("no edge runtime is installed: pip install 'cotam[edge]'")
    if precision == "bfloat16" and chosen == "onnx":
        raise ValueError("precision='bfloat16' needs runtime='openvino'")
    model = read_model(name)
    precision = precision or fastest_precision(chosen)
    networks = Networks(model, chosen, precision, threads)
    return EdgeCodec(model, networks, EdgeGuides(chosen, threads, precision))
