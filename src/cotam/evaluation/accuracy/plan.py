"""What ``cotam eval levelvqa`` measures: methods, rates and scenes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.evaluation.methods import AblationGuidance, Method, check_names
from cotam.levelvqa import split_seeds
from cotam.levelvqa.sampling import BASE_SIZE, check_format
from cotam.ops.rate import check_bpps, check_qualities

Kind: TypeAlias = Literal["quality", "bpp", "jpeg75", "lossless"]

EQUAL_BYTES: frozenset[Kind] = frozenset({"bpp", "jpeg75"})
"""Kinds of rates at which no method may take more bytes for a picture than another."""

SCENES_PER_BLOCK = 8
"""Scenes that are coded, answered and kept together, so that a run that goes on asks in the same batches."""


@dataclass(frozen=True, order=True)
class Rate:
    """At what a picture is coded."""

    kind: Kind
    """``quality`` on the codec's own scale; ``bpp``: as many bytes at most as that; ``jpeg75``: at most that share of
    the picture's bytes as JPEG of quality 75; ``lossless``: no choice."""
    value: float

    @property
    def label(self) -> str:
        """For people, and in reports."""
        return self.kind if self.kind == "lossless" else f"{self.kind} {self.value:g}"


LOSSLESS = Rate("lossless", 0.0)


@dataclass(frozen=True)
class Plan:
    """A whole measurement; what is not possible is refused when it is made.

    Args:
        methods: names, as `cotam.evaluation.methods` knows them.
        qualities: for every method on its own scale; empty with ``bpps`` or ``jpeg_shares``.
        bpps: bits per pixel that no picture may exceed, so that methods are compared at equal bytes.
        jpeg_shares: the same, in shares of the bytes of each picture as JPEG of quality 75.
        num: how many scenes.
        seed_start: number of the first scene in the split.
        split: of the scenes.
        size: side of the pictures in pixels.
        variant: "standard" or "tiles".
        model: name or file of cotam's weights.
        guidance: what ablations call guidance.
        similarity: of how many scenes, rounded up to blocks, the similarity of tokens is measured too.
    """

    methods: tuple[str, ...]
    qualities: tuple[float, ...] = ()
    bpps: tuple[float, ...] = ()
    num: int = 1000
    seed_start: int = 0
    split: str = "test"
    size: int = BASE_SIZE
    variant: str = "standard"
    model: str = DEFAULT_MODEL
    guidance: AblationGuidance = field(default_factory=AblationGuidance)
    similarity: int = 0
    jpeg_shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check everything that can be checked without loading anything."""
        check_names(self.methods)
        if sum(map(bool, (self.qualities, self.bpps, self.jpeg_shares))) != 1:
            raise ValueError("give qualities, bits per pixel or shares of JPEG, one of them")
        check_qualities(*self.qualities)
        check_bpps(*self.bpps)
        for share in self.jpeg_shares:
            if not 0 < share <= 1:
                raise ValueError(f"a share of JPEG must be above 0, at most 1, not {share:g}")
        split_seeds(self.split, self.num, self.seed_start)
        check_format(self.size, self.variant)

    def rates(self, method: Method) -> tuple[Rate, ...]:
        """At what a method is measured, rising."""
        if method.lossless:
            return (LOSSLESS,)
        kind: Kind = "quality" if self.qualities else "bpp" if self.bpps else "jpeg75"
        return tuple(Rate(kind, value) for value in sorted({*self.qualities, *self.bpps, *self.jpeg_shares}))

    def compares(self, seeds: Sequence[int]) -> bool:
        """Whether the similarity of tokens is measured in a block."""
        return seeds[0] - split_seeds(self.split, self.num, self.seed_start).start < self.similarity

    def blocks(self) -> Iterator[tuple[int, ...]]:
        """Seeds of the scenes, block by block."""
        seeds = split_seeds(self.split, self.num, self.seed_start)
        for first in range(seeds.start, seeds.stop, SCENES_PER_BLOCK):
            yield tuple(range(first, min(first + SCENES_PER_BLOCK, seeds.stop)))
