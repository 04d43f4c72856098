"""The floor under each stage: the multiply-adds of its networks over what this machine multiplies in the time."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import torch

from cotam.adapters.complexity import measure
from cotam.codec import Codec, Guide
from cotam.evaluation.complexity import codec_parts
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.timed_codec import ANALYSIS, GUIDANCE, NETWORKS, SYNTHESIS, timed
from cotam.evaluation.variations import cpu_settings

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
    """Multiply-adds per second in square matrix products, the best of `TRIES`, by number format."""
    rates = {}
    with cpu_settings(threads), torch.inference_mode():
        for name in (FLOAT32, FLOAT64):
            matrix = torch.rand(SIDE, SIDE, dtype=getattr(torch, name))
            out = torch.empty_like(matrix)
            seconds = min(timed(lambda: torch.mm(matrix, matrix, out=out))[1] for _ in range(TRIES))  # noqa: B023
            rates[name] = SIDE**3 / seconds
    return rates


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
