"""The paper's findings (CoTAM, section 2) one by one, decided from the figures.

A difference counts from a least size on, so that many pictures do not make a trifle a finding. A finding holds where
the 95 % interval over pictures lies wholly above it, does not hold where it lies wholly below, and is undecided where
it lies on both sides. Blocks are compared that the means of all pictures point out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.accuracy import losses
from cotam.analysis.bootstrap import INTERVAL, interval
from cotam.analysis.evidence import Evidence
from cotam.analysis.stages import Stages, estimate_stages

Array = NDArray[np.float64]
Verdict = Literal["holds", "does not hold", "undecided", "cannot be tested here"]
LEAST_DEPTH: Final = 0.02
"""Share of the grid's diagonal by which both ends of a U rise above its lowest block, at least."""
LEAST_SHARE: Final = 0.01
"""Share of all attention by which summary tokens gain, at least."""
LEAST_FALL: Final = 0.002
"""Cosine that is lost, or comes back, at least."""
STRAIGHT: Final = 0.9
"""R² from which on a fall counts as linear."""
BLOCKS_A_MARGIN: Final = 12
"""A sharpest fall is at a border if it is within a block of it; within two in towers of 24 blocks, and so on."""


@dataclass(frozen=True)
class Finding:
    """A claim and what became of it."""

    claim: str
    verdict: Verdict
    evidence: str
    """The numbers, in one line."""


def findings(evidence: Evidence) -> list[Finding]:
    """Decide all claims."""
    return [_decide(claim, test, evidence) for claim, test in _STAGED.items()] + [
        _tasks(evidence),
        _other_towers(evidence),
        _border_stability(evidence),
    ]


Decision = tuple[Verdict, str]
Test = Callable[[Evidence, Stages], Decision]


def _decide(claim: str, test: Test, evidence: Evidence) -> Finding:
    if evidence.stages is None:
        return Finding(claim, "cannot be tested here", "the tower has fewer than nine blocks: no stages")
    if evidence.similarity is None and test in _NEED_SIMILARITY:
        return Finding(claim, "cannot be tested here", "no rate that most pictures reach with a codec")
    return Finding(claim, *test(evidence, evidence.stages))


def _side(least: float, *differences: Array) -> Verdict:
    """Whether all differences (1 + resamples,) are at least so large, or one is smaller."""
    ends = [interval(difference) for difference in differences]
    if all(low >= least for low, _ in ends):
        return "holds"
    return "does not hold" if any(high < least for _, high in ends) else "undecided"


def _u_shape(name: str) -> Test:
    def test(evidence: Evidence, stages: Stages) -> Decision:
        curve, middle = evidence.original[name], stages.ranges[1]
        lowest = middle.start + int(curve[0, middle.start : middle.stop].argmin())
        first, last = curve[:, 0] - curve[:, lowest], curve[:, -1] - curve[:, lowest]
        least = LEAST_DEPTH * evidence.diagonal
        text = (
            f"lowest in stage 2 at block {lowest} ({curve[0, lowest]:.2f} patches); "
            f"block 0: {_signed(first)}, the last block: {_signed(last)}; at least {least:.2f} counts"
        )
        return _side(least, first, last), text

    return test


def _summary_tokens(evidence: Evidence, stages: Stages) -> Decision:
    curve = evidence.original["summary_share"]
    first, _, third = (curve[:, blocks.start : blocks.stop].mean(-1) for blocks in stages.ranges)
    text = f"the top 1 % of patches get {first[0]:.1%} of attention in stage 1 and {third[0]:.1%} in stage 3"
    return _side(LEAST_SHARE, third - first), f"{text} ({_signed(100 * (third - first), ' points')})"


def _slow_and_linear(evidence: Evidence, stages: Stages) -> Decision:
    curve, border, reach = _similarity(evidence), stages.third.block, _margin(stages)
    before = (curve[:, 0] - curve[:, border]) / border
    end = min(border + 2 * reach, stages.depth)
    after = (curve[:, border] - curve[:, end]) / (end - border)
    straight = _r_squared(curve[:, : border + 1])
    low, high = interval(straight)
    verdict = _side(LEAST_FALL, after - before)
    if verdict == "holds" and low < STRAIGHT:
        verdict = "does not hold" if high < STRAIGHT else "undecided"
    text = (
        f"fall per block {before[0]:.4f} in stages 1 and 2, {after[0]:.4f} in the first {end - border} of stage 3 "
        f"(difference {_signed(after - before, digits=4)}); R² of a line {straight[0]:.2f} [{low:.2f}, {high:.2f}]"
    )
    return verdict, text


def _sharpest_fall(evidence: Evidence, stages: Stages) -> Decision:
    curve, border, reach = _similarity(evidence), stages.third.block, _margin(stages)
    falls = -np.diff(curve, axis=-1)
    where = falls.argmax(-1)
    share = float((np.abs(where[1:] - border) <= reach).mean())
    verdict: Verdict = _side(LEAST_FALL, falls.max(-1))
    if verdict != "holds":
        return verdict, f"no block loses more than {_signed(falls.max(-1), digits=4)}"
    verdict = "undecided"
    if share >= INTERVAL[1] / 100:
        verdict = "holds"
    elif share <= INTERVAL[0] / 100:
        verdict = "does not hold"
    single = _conditions_with(evidence, lambda steps: bool(abs(int(steps.argmin()) - border) <= reach))
    text = (
        f"sharpest in block {where[0]}; stage 3 begins at block {border} (within {reach} of it in {share:.0%} of "
        f"resamples, and for {single} codecs and rates)"
    )
    return verdict, text


def _recovery(evidence: Evidence, stages: Stages) -> Decision:
    curve, start = _similarity(evidence), stages.third.block + 1
    lowest = start + int(curve[0, start:].argmin())
    rise = curve[:, -1] - curve[:, lowest]
    text = (
        f"lowest in stage 3 after block {lowest - 1} ({curve[0, lowest]:.3f}); after the last block {curve[0, -1]:.3f} "
        f"({_signed(rise, digits=4)})"
    )
    return _side(LEAST_FALL, rise), text


_STAGED: Final[dict[str, Test]] = {
    "D_avg is U-shaped over depth": _u_shape("mean_distance"),
    "D_top1 is U-shaped over depth": _u_shape("top1_distance"),
    "Deep layers converge on a few summary tokens": _summary_tokens,
    "Similarity falls slowly and linearly in stages 1 and 2": _slow_and_linear,
    "Similarity falls sharpest at the start of stage 3": _sharpest_fall,
    "Similarity recovers late in stage 3": _recovery,
}
_NEED_SIMILARITY: Final = (_slow_and_linear, _sharpest_fall, _recovery)


def _tasks(evidence: Evidence) -> Finding:
    claim = "Cross-level tasks collapse first; low-level and coarse high-level ones hold"
    lost = losses(evidence.accuracy)
    rows = [row for row in lost.values() if {"low", "cross", "high"} <= row.keys()]
    if not rows:
        return Finding(claim, "cannot be tested here", "no answers of a model are given")
    most = [row["cross"] > max(row["low"], row["high"]) for row in rows]
    mean = {level: float(np.mean([row[level] for row in rows])) for level in ("low", "cross", "high")}
    verdict: Verdict = "holds" if all(most) else "undecided" if any(most) else "does not hold"
    text = ", ".join(f"{level} {points:.1f}" for level, points in mean.items())
    return Finding(
        claim,
        verdict,
        f"mean loss in percentage points: {text}; cross loses most at {sum(most)} of {len(most)} rates",
    )


def _other_towers(_: Evidence) -> Finding:
    return Finding(
        "The same in CLIP, SigLIP and InternViT",
        "cannot be tested here",
        "one report is of one tower; run the command with others, which need their trained weights",
    )


def _border_stability(evidence: Evidence) -> Finding:
    """The reviewers' question, not the paper's claim: are the borders the same for coded pictures?"""
    claim = "Stage borders do not depend on codec and rate (asked by reviewers)"
    if evidence.stages is None or not evidence.counted.any():
        return Finding(claim, "cannot be tested here", "no stages, or no rates")
    own = evidence.stages
    others = [coded_stages(evidence, *place) for place in np.argwhere(evidence.counted)]
    thirds = sorted(stages.third.block for stages in others if stages is not None)
    inside = sum(own.third.low <= block <= own.third.high for block in thirds)
    verdict: Verdict = "holds" if inside == len(thirds) else "undecided" if inside else "does not hold"
    text = (
        f"stage 3 begins at block {own.third.block} [{own.third.low}, {own.third.high}] for originals, at "
        f"{thirds[0]} to {thirds[-1]} for coded pictures; inside the interval for {inside} of {len(thirds)} "
        "codecs and rates"
    )
    return Finding(claim, verdict, text)


def coded_stages(evidence: Evidence, codec: int, setting: int) -> Stages | None:
    """Stages estimated from the attention of coded pictures; None where the tower has too few blocks."""
    curves = [evidence.coded[name][:, codec, setting] for name in ("mean_distance", "top1_distance")]
    return estimate_stages(curves)


def _similarity(evidence: Evidence) -> Array:
    assert evidence.similarity is not None  # _decide asks first
    return evidence.similarity


def _conditions_with(evidence: Evidence, test: Callable[[Array], bool]) -> str:
    """For how many codecs and rates the changes of similarity from block to block pass a test."""
    steps = np.diff(evidence.cosine[0][evidence.counted], axis=-1)
    return f"{sum(map(test, steps))} of {len(steps)}"


def _margin(stages: Stages) -> int:
    return max(1, stages.depth // BLOCKS_A_MARGIN)


def _r_squared(curve: Array) -> Array:
    """Of a least-squares line over all points, by row."""
    x = np.arange(curve.shape[-1]) - (curve.shape[-1] - 1) / 2
    y = curve - curve.mean(-1, keepdims=True)
    total = (y**2).sum(-1)
    return (y @ x) ** 2 / (x @ x) / np.where(total > 0, total, 1)


def _signed(difference: Array, unit: str = "", digits: int = 2) -> str:
    low, high = interval(difference)
    return f"{difference[0]:+.{digits}f}{unit} [{low:+.{digits}f}, {high:+.{digits}f}]"
