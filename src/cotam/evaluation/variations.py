"""Ways to run the same decoder that must not make a difference."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import torch
from torch import nn

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.codec import Codec, load_codec
from cotam.codec.grouping import MAX_BATCH
from cotam.codec.temporal import TemporalCodec, load_temporal_codec
from cotam.edge import EdgeCodec, is_installed, load_edge_codec
from cotam.edge.runtimes import RUNTIMES

RUNTIME_NAMES: Final = {"onnx": "ONNX Runtime", "openvino": "OpenVINO"}

MAX_SHAPES = 200
"""Forms of one layer that torch.compile makes for shapes: sides of one, other sides, batches."""


@contextmanager
def cpu_settings(threads: int = 1, *, onednn: bool = True) -> Iterator[None]:
    """Run with so many threads, with or without oneDNN's kernels; what was set before comes back."""
    onednn_flags: Any = torch.backends.mkldnn
    before = torch.get_num_threads(), onednn_flags.enabled
    torch.set_num_threads(threads)
    onednn_flags.enabled = onednn
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        onednn_flags.enabled = before[1]


@contextmanager
def always_compiled() -> Iterator[None]:
    """Make ``torch.compile`` compile for every shape: beyond its limit it would quietly run what was not compiled."""
    from torch._dynamo import config as dynamo  # takes its time

    limit: Any = dynamo.patch(
        recompile_limit=MAX_SHAPES,
        accumulated_recompile_limit=10 * MAX_SHAPES,
        fail_on_recompile_limit_hit=True,
    )
    with cpu_settings(), limit:
        yield


@dataclass(frozen=True)
class Variation:
    """One way to decode."""

    name: str
    load: Callable[[], Codec | EdgeCodec]
    """Loads the codec as this variation needs it."""
    settings: Callable[[], AbstractContextManager[None]] = field(default=cpu_settings)
    """What to switch while decoding."""
    batch: int = 1
    """Streams that go through the networks together; not those of predicted frames."""
    load_temporal: Callable[[Codec], TemporalCodec] = load_temporal_codec
    """Gives a codec its networks of predicted frames, as this variation needs them."""


def variations(model: str = DEFAULT_MODEL, *, compiled: bool = False) -> list[Variation]:
    """Every variation that this machine has.

    Args:
        model: name of a shipped model, or its file.
        compiled: also run the entropy networks through ``torch.compile``, which takes its time.
    """

    def load(device: str = "cpu", dtype: Literal["float32", "bfloat16"] = "float32") -> Callable[[], Codec]:
        return lambda: load_codec(model, device=device, dtype=dtype)

    found = [
        Variation("1 thread", load()),
        Variation("2 threads", load(), lambda: cpu_settings(2)),
        Variation("oneDNN off", load(), lambda: cpu_settings(onednn=False)),
        Variation(f"batch of {MAX_BATCH}", load(), batch=MAX_BATCH),
        Variation("bfloat16 transforms", load(dtype="bfloat16")),
    ]
    if compiled:
        found.append(
            Variation(
                "compiled",
                lambda: compiled_codec(load()()),
                always_compiled,
                load_temporal=lambda codec: compiled_temporal(load_temporal_codec(codec)),
            )
        )
    for runtime in filter(is_installed, RUNTIMES):
        for threads in (1, 2):
            name = f"{RUNTIME_NAMES[runtime]}, {threads} thread{'s' * (threads > 1)}"
            found.append(Variation(name, partial(load_edge_codec, model, runtime=runtime, threads=threads)))
    if torch.cuda.is_available():
        found.append(Variation("CUDA", load("cuda")))
        found.append(Variation(f"CUDA, batch of {MAX_BATCH}", load("cuda"), batch=MAX_BATCH))
    return found


def compiled_codec(codec: Codec) -> Codec:
    """Put the networks that the entropy decoder depends on through ``torch.compile``; returns the codec."""
    _compile_entropy_networks(codec.network)
    return codec


def compiled_temporal(temporal: TemporalCodec) -> TemporalCodec:
    """Do the same with the networks of predicted frames."""
    _compile_entropy_networks(temporal.coder.temporal)
    return temporal


def _compile_entropy_networks(network: nn.Module) -> None:
    parts = dict(network.named_children())
    called = [parts[name] for name in ("hyper_synthesis", "hyper_scales") if name in parts]
    for module in (
        *called,
        *_called(parts["context"].children()),
    ):  # of the context, only its parts are called
        module.compile()


def _called(modules: Iterable[nn.Module]) -> Iterator[nn.Module]:
    """Those within lists, however deep, in the lists' place."""
    for module in modules:
        if isinstance(module, nn.ModuleList):
            yield from _called(module)
        else:
            yield module
