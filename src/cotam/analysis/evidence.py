"""Everything that findings rest on, resampled over pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cotam.analysis.accuracy import ConditionAccuracy
from cotam.analysis.bootstrap import draw_weights, resampled_means
from cotam.analysis.geometry import diagonal
from cotam.analysis.results import Results
from cotam.analysis.stages import Stages, estimate_stages

Array = NDArray[np.float64]
LEAST_SHARE = 0.5
"""Share of the pictures that a codec must bring to a rate for the two to count in findings."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Means over pictures; the first of R rows is of the pictures themselves, the others of pictures drawn again."""

    diagonal: float
    """Of the grid, in patches."""
    original: dict[str, Array]
    """(R, L) of each of `CURVES`."""
    coded: dict[str, Array]
    """(R, K, S, L) of each of `CURVES`."""
    cosine: Array
    """(R, K, S, L + 1)."""
    cka: Array
    """(R, K, S, L + 1)."""
    counted: NDArray[np.bool_]
    """(K, S): codecs and rates that enough pictures reach."""
    similarity: Array | None
    """(R, L + 1), the mean of `cosine` over what counts; None where nothing does."""
    stages: Stages | None
    """From the attention of the originals; None where the tower has too few blocks."""
    similarity_stages: Stages | None
    """From `similarity`."""
    accuracy: Sequence[ConditionAccuracy] = ()
    """Of a model's answers, where some are given; without those at rates that too few pictures reach."""


def gather(results: Results, accuracy: Sequence[ConditionAccuracy] = ()) -> Evidence:
    """Resample results at matched rates."""
    weights = draw_weights(len(results.names))
    original = {name: resampled_means(values, weights) for name, values in results.original.items()}
    cosine = resampled_means(results.cosine, weights)
    counted = results.reached.mean(0) >= LEAST_SHARE
    similarity = np.nanmean(cosine[:, counted], axis=1) if counted.any() else None
    return Evidence(
        diagonal=diagonal(*results.grid),
        original=original,
        coded={name: resampled_means(values, weights) for name, values in results.coded.items()},
        cosine=cosine,
        cka=resampled_means(results.cka, weights),
        counted=counted,
        similarity=similarity,
        stages=estimate_stages([original["mean_distance"], original["top1_distance"]]),
        similarity_stages=None if similarity is None else estimate_stages([similarity[:, 1:]]),
        accuracy=[row for row in accuracy if _is_reached(row, results, counted)],
    )


def _is_reached(row: ConditionAccuracy, results: Results, counted: NDArray[np.bool_]) -> bool:
    """Whether answers are at a rate that enough pictures have; of other codecs and rates nothing is known here."""
    if results.kind != "bpp" or row.codec not in results.codecs or row.bpp not in results.settings:
        return True
    return bool(counted[results.codecs.index(row.codec), results.settings.index(row.bpp)])
