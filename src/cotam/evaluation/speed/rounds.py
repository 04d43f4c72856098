"""Rounds: every codec in turn, again and again, so that what disturbs the machine disturbs all of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.timed_codec import WAYS, WHOLE, Timed, TimedCodec

DIGITS = 4
"""Significant digits of times in a report."""


@dataclass(frozen=True)
class Rounds:
    """What codecs took for one picture with so many threads, round by round."""

    width: int
    height: int
    threads: int
    codecs: Sequence[TimedCodec]
    found: Sequence[Mapping[str, Timed]]
    """One mapping a round, by the codecs' names."""

    def timings(self) -> Iterator[dict[str, Any]]:
        """Median milliseconds of every stage."""
        for codec in self.codecs:
            for way in WAYS:
                rows = [timed[codec.name].stages(way) for timed in self.found]
                for stage in rows[0]:
                    milliseconds = 1e3 * median(row[stage] for row in rows)
                    yield {
                        "codec": codec.name,
                        "runtime": codec.runtime,
                        **self._where(),
                        "way": way,
                        "stage": stage,
                        "milliseconds": rounded(milliseconds),
                    }

    def ratios(self) -> Iterator[dict[str, Any]]:
        """How many times as long as a codec of ours each other one takes: the median of each round's ratio."""
        for ours in self.codecs:
            for other in self.codecs:
                if ours.compared and other is not ours:
                    for way in WAYS:
                        times = median(
                            timed[other.name].stages(way)[WHOLE] / timed[ours.name].stages(way)[WHOLE]
                            for timed in self.found
                        )
                        yield {
                            "codec": ours.name,
                            "runtime": ours.runtime,
                            "rival": other.name,
                            **self._where(),
                            "way": way,
                            "times": rounded(times),
                        }

    def bpp(self) -> dict[str, float]:
        """Bits per pixel of each codec's file."""
        pixels = self.width * self.height
        return {name: rounded(8 * timed.bytes / pixels) for name, timed in self.found[0].items()}

    def _where(self) -> dict[str, int]:
        return {"width": self.width, "height": self.height, "threads": self.threads}


def run_rounds(
    codecs: Sequence[TimedCodec],
    pixels: Pixels,
    threads: int,
    count: int,
    advance: Callable[[], object],
) -> Rounds:
    """Time codecs over a picture: one round to warm up, then those that count.

    Args:
        codecs: those too slow for the picture are left out.
        pixels: the picture.
        threads: for codecs that can use several.
        count: rounds that count.
        advance: told after each of the 1 + ``count`` rounds.
    """
    height, width = pixels.shape[:2]
    able = [codec for codec in codecs if codec.most_pixels is None or width * height <= codec.most_pixels]
    found = []
    for _ in range(1 + count):
        found.append({codec.name: codec.time(pixels, threads) for codec in able})
        advance()
    return Rounds(width, height, threads, able, found[1:])


def rounded(number: float) -> float:
    """With `DIGITS` significant digits."""
    return float(f"{number:.{DIGITS}g}")
