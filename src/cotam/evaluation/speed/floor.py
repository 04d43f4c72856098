"""The floor under each stage: the multiply-adds of its networks over what this machine multiplies in the time."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch

from cotam.adapters.complexity import measure
from cotam.codec import Codec, Guide
from cotam.evaluation.complexity import codec_parts
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.timed_codec import ANALYSIS, GUIDANCE, NETWORKS, SYNTHESIS, timed
from cotam.evaluation.variations import cpu_settings
from cotam.ops.pointwise import Pointwise

SIDE: Final = 1024
"""Side of the square matrices whose product is timed."""
TRIES: Final = 9
FLOAT32, FLOAT64 = "float32", "float64"
PARTS: Final = {
    ("encode", ANALYSIS): {"analysis": FLOAT32},
    ("encode", NETWORKS): {
        "hyper-analysis": FLOAT32,
        "hyper-synthesis": FLOAT64,
        "context networks": FLOAT64,
    },
    ("decode", NETWORKS): {"hyper-synthesis": FLOAT64, "context networks": FLOAT64},
    ("decode", SYNTHESIS): {"synthesis": FLOAT32},
}
"""Networks of each way's stages, as `cotam complexity` names them, and what they are computed in."""


@dataclass(frozen=True)
class Floor:
    """What a stage cannot be faster than, if nothing but its products took time."""

    way: str
    stage: str
    threads: int
    macs: int
    """Multiply-adds for the picture."""
    milliseconds: float


def matrix_rates(threads: int) -> dict[str, float]:
    """Multiply-adds per second in square matrix products, the best of `TRIES`, by number format.

    In float32 also as a pointwise convolution: PyTorch has two libraries for such products, and either may be faster.
    """
    with cpu_settings(threads), torch.inference_mode():
        pointwise = Pointwise(SIDE, SIDE, bias=False)
        pixels = torch.rand(1, SIDE, SIDE // 32, 32).contiguous(memory_format=torch.channels_last)
        ways: dict[str, list[Callable[[], object]]] = {
            FLOAT32: [_product(torch.float32), lambda: pointwise(pixels)],
            FLOAT64: [_product(torch.float64)],
        }
        return {name: SIDE**3 / min(map(_least_seconds, tried)) for name, tried in ways.items()}


def _product(dtype: torch.dtype) -> Callable[[], object]:
    matrix = torch.rand(SIDE, SIDE, dtype=dtype)
    out = torch.empty_like(matrix)
    return lambda: torch.mm(matrix, matrix, out=out)


def _least_seconds(work: Callable[[], object]) -> float:
    return min(timed(work)[1] for _ in range(TRIES))


def floors(codec: Codec, guide: Guide | None, pixels: Pixels, threads: list[int]) -> dict[str, Any]:
    """The floors of a codec's stages for a picture.

    Returns:
        ``matrix_products``: multiply-adds per second by threads and format; ``stages``: `Floor` by stage and threads.
    """
    rates = {count: matrix_rates(count) for count in threads}
    work = _work(codec, guide, pixels)
    rows = [
        Floor(way, stage, count, sum(macs.values()), round(1e3 * _seconds(macs, rates[count]), 3))
        for count in threads
        for (way, stage), macs in work.items()
    ]
    return {
        "matrix_products": [
            {"threads": count, "format": name, "gmacs_per_second": round(rate / 1e9, 2)}
            for count, found in rates.items()
            for name, rate in found.items()
        ],
        "stages": [asdict(row) for row in rows],
    }


def _work(codec: Codec, guide: Guide | None, pixels: Pixels) -> dict[tuple[str, str], dict[str, int]]:
    """Multiply-adds by stage and number format."""
    count = pixels.shape[0] * pixels.shape[1]
    with torch.device("meta"):
        parts = {part.name: part.macs * count // part.pixels for part in codec_parts(codec.network.config)}
    work: dict[tuple[str, str], dict[str, int]] = {}
    if guide is not None:
        idle = torch.nn.Module()
        macs = measure(GUIDANCE, idle, count, lambda: guide.level_map(pixels)).macs
        work["encode", GUIDANCE] = {FLOAT32: macs}
    for stage, networks in PARTS.items():
        found = work[stage] = {}
        for name, number in networks.items():
            found[number] = found.get(number, 0) + parts[name]
    return work


def _seconds(macs: dict[str, int], rates: dict[str, float]) -> float:
    return sum(count / rates[name] for name, count in macs.items())
