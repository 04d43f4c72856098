"""The measures of all pictures, by codec and rate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.coding import CodingPlan
from cotam.analysis.kept_measures import PictureMeasures
from cotam.analysis.measuring import CURVES

Array = NDArray[np.float64]
MATCHED_RATES: Final = 4
"""Rates at which codecs are compared that were run at qualities."""


@dataclass(frozen=True, eq=False)
class Results:
    """N pictures, K codecs at S settings, a tower of L blocks; NaN where a codec does not reach a rate."""

    names: tuple[str, ...]
    codecs: tuple[str, ...]
    kind: str
    """What the settings are: "quality" or "bpp"."""
    settings: tuple[float, ...]
    grid: tuple[int, int]
    """Rows and columns of patches."""
    original: dict[str, Array]
    """(N, L) of each of `CURVES`."""
    coded: dict[str, Array]
    """(N, K, S, L) of each of `CURVES`."""
    cosine: Array
    """Mean over patches, (N, K, S, L + 1)."""
    cka: Array
    """(N, K, S, L + 1)."""
    bpp: Array
    """(N, K, S)."""
    quality: Array
    """(N, K, S)."""
    measures: tuple[PictureMeasures, ...] = ()
    """With the maps, picture by picture."""

    @property
    def depth(self) -> int:
        """Blocks, L."""
        return int(self.cosine.shape[-1]) - 1

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Which pictures each codec brings to each rate, (N, K, S)."""
        return np.isfinite(self.bpp)


def stacked(
    plan: CodingPlan, names: Sequence[str], measures: Sequence[PictureMeasures], grid: tuple[int, int]
) -> Results:
    """Put single pictures together."""

    def together(name: str) -> Array:
        return np.stack([picture.arrays[name] for picture in measures]).astype(np.float64)

    return Results(
        names=tuple(names),
        codecs=plan.codecs,
        kind=plan.kind,
        settings=plan.settings,
        grid=grid,
        original={name: together(f"original.{name}") for name in CURVES},
        coded={name: together(f"coded.{name}") for name in CURVES},
        cosine=together("cosine"),
        cka=together("cka"),
        bpp=together("bpp"),
        quality=together("quality"),
        measures=tuple(measures),
    )


def at_matched_rates(results: Results) -> Results:
    """The same with rates as settings, which codecs can be compared at.

    Codecs that were run at bpp are there already. Of those that were run at qualities, every measure of a picture is
    interpolated, linearly over ln(bpp), at rates that are spread evenly on a logarithmic scale inside what the mean
    rates of all codecs cover; NaN where a picture's own rates do not cover one. Codecs without common rates, and a
    single quality, stay as they are.
    """
    means = results.bpp.mean(0)
    low, high = means.min(1).max(), means.max(1).min()
    if results.kind == "bpp" or not low < high:
        return results
    rates = np.geomspace(low, high, MATCHED_RATES + 2)[1:-1]

    def moved(values: Array) -> Array:
        shape = *values.shape[:2], len(rates), *values.shape[3:]
        placed = np.full(shape, np.nan)
        for place in np.ndindex(*values.shape[:2]):
            placed[place] = _interpolated(results.bpp[place], values[place], rates)
        return placed

    return replace(
        results,
        kind="bpp",
        settings=tuple(float(f"{rate:.3g}") for rate in rates),
        coded={name: moved(values) for name, values in results.coded.items()},
        cosine=moved(results.cosine),
        cka=moved(results.cka),
        quality=moved(results.quality),
        bpp=np.where(np.isfinite(moved(results.bpp)), rates, np.nan),
    )


def _interpolated(bpp: Array, values: Array, rates: Array) -> Array:
    """Values (S, ...) at bpp (S,), at other rates; linear over ln(bpp)."""
    order = np.argsort(bpp)
    flat = values[order].reshape(len(bpp), -1)
    columns = [
        np.interp(np.log(rates), np.log(bpp[order]), column, left=np.nan, right=np.nan) for column in flat.T
    ]
    return np.stack(columns, -1).reshape(len(rates), *values.shape[1:])
