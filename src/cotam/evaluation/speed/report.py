"""The report of ``cotam bench speed``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cotam.evaluation.speed.batches import pictures_a_second
from cotam.evaluation.speed.cotam_codec import CotamCodec
from cotam.evaluation.speed.floor import floors
from cotam.evaluation.speed.growth import growth
from cotam.evaluation.speed.rounds import Rounds, run_rounds
from cotam.evaluation.speed.timed_codec import TimedCodec
from cotam.evaluation.synthetic import synthetic_picture

SIZES: Final = ((384, 256), (768, 512), (1920, 1080), (3840, 2160))
BASE_PIXELS: Final = 768 * 512
"""Of the sizes, the one nearest to this is what batches and floors are measured at."""
FEWEST_ROUNDS: Final = 3
"""Rounds of large pictures, where more are asked for."""


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    sizes: Sequence[tuple[int, int]] = SIZES
    """Widths and heights of synthetic pictures."""
    threads: Sequence[int] = (1, 2)
    batches: Sequence[int] = (1, 4, 8)
    rounds: int = 7
    """Rounds at the base size and below; fewer above, in inverse proportion to the pixels."""

    @property
    def base(self) -> tuple[int, int]:
        """The size of batches and floors."""
        return min(self.sizes, key=lambda size: abs(size[0] * size[1] - BASE_PIXELS))

    def rounds_of(self, width: int, height: int) -> int:
        """Rounds that count at a size."""
        fitting = round(self.rounds * self.base[0] * self.base[1] / (width * height))
        return min(self.rounds, max(fitting, FEWEST_ROUNDS))

    @property
    def total_rounds(self) -> int:
        """Rounds of all sizes and numbers of threads, those to warm up included."""
        return len(self.threads) * sum(1 + self.rounds_of(*size) for size in self.sizes)


def measure_speed(
    ours: Sequence[CotamCodec], others: Sequence[TimedCodec], plan: Plan, advance: Callable[[], object]
) -> dict[str, Any]:
    """Measure everything: rounds of all codecs, growth, batches, floors and memory.

    Args:
        ours: the codec that the others are compared with, first without guidance, then perhaps with.
        others: rivals and peers; a timed codec of any other kind may be among them.
        plan: what is measured.
        advance: told after each round.
    """
    codecs = [*ours, *others]
    found = [
        run_rounds(codecs, synthetic_picture(*size), threads, plan.rounds_of(*size), advance)
        for size in plan.sizes
        for threads in plan.threads
    ]
    timings = [row for rounds in found for row in rounds.timings()]
    base = synthetic_picture(*plan.base)
    return {
        "codec": ours[-1].name,
        "base": list(plan.base),
        "rounds": [
            {"width": width, "height": height, "rounds": plan.rounds_of(width, height)}
            for width, height in plan.sizes
        ],
        "codecs": _described(codecs, found, plan.base),
        "timings": timings,
        "ratios": [row for rounds in found for row in rounds.ratios()],
        "growth": growth(timings),
        "batches": [
            row
            for threads in plan.threads
            for row in pictures_a_second(ours[0].codec, base, plan.batches, threads, FEWEST_ROUNDS)
        ],
        "floor": floors(ours[-1].codec, ours[-1].guide, base, list(plan.threads)),
        "memory": _memory(codecs, plan),
    }


def _described(
    codecs: Sequence[TimedCodec], found: Sequence[Rounds], base: tuple[int, int]
) -> list[dict[str, Any]]:
    """Settings, and bits per pixel at the base size."""
    bpp = next((rounds.bpp() for rounds in found if (rounds.width, rounds.height) == base), {})
    return [
        {
            "codec": codec.name,
            "runtime": codec.runtime,
            "ours": codec.compared,
            "settings": codec.settings,
            "bpp": bpp.get(codec.name),
        }
        for codec in codecs
    ]


def _memory(codecs: Sequence[TimedCodec], plan: Plan) -> list[dict[str, Any]]:
    """Peak memory at the base size and at the largest, where it is known."""
    largest = max(plan.sizes, key=lambda size: size[0] * size[1])
    rows = (
        {
            "codec": codec.name,
            "runtime": codec.runtime,
            "width": width,
            "height": height,
            "peak_bytes": codec.peak_memory(width, height),
        }
        for width, height in dict.fromkeys((plan.base, largest))
        for codec in codecs
        if codec.most_pixels is None or width * height <= codec.most_pixels
    )
    return [row for row in rows if row["peak_bytes"] is not None]
