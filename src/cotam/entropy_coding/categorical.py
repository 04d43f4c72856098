"""An entropy model of constriction that follows a table of integer frequencies exactly."""

from typing import Any, TypeAlias

import numpy as np
from constriction import stream
from numpy.typing import ArrayLike, NDArray

PRECISION = 24
"""Bits of the fixed-point probabilities: the frequencies of a table sum to ``2**PRECISION``."""

TOTAL = 1 << PRECISION

IntArray: TypeAlias = NDArray[np.integer[Any]]
Model: TypeAlias = Any
"""An entropy model of constriction, which ships no types."""


def categorical(frequencies: ArrayLike) -> Model:
    """Build the constriction model whose fixed-point probabilities are exactly these integers.

    Constriction takes floats and fixes the cumulative frequency in front of symbol ``k`` to
    ``floor(scale * (p[0] + ... + p[k-1])) + k`` with ``scale = (2**24 - n) / sum(p)``. Here ``p[k]`` is
    ``frequency[k] - 1``, plus a half for the first and minus a half for the last symbol. These and all their
    sums are multiples of 1/2 below 2**24, so float64 holds them exactly in any order of summation; the sum is
    ``2**24 - n``, so ``scale`` is 1; and every inner sum is an integer plus a half, so that ``floor`` would
    still give the right integer if some other release of constriction rounded along the way.

    Args:
        frequencies: integers (n,), n >= 2, each at least 1, the last at least 2, with the sum ``2**24``.

    Returns:
        The model of the symbols 0..n-1.

    Raises:
        ValueError: the frequencies are not such a table.
    """
    table = np.asarray(frequencies)
    if table.ndim != 1 or table.size < 2 or not np.issubdtype(table.dtype, np.integer):
        raise ValueError(
            f"frequencies must be two or more integers in one row, got {table.dtype}{table.shape}"
        )
    if table.min() < 1 or table[-1] < 2 or int(table.sum(dtype=np.int64)) != TOTAL:
        raise ValueError(f"frequencies must be at least 1, the last at least 2, and sum to {TOTAL}")
    weights = table.astype(np.float64) - 1
    weights[0] += 0.5
    weights[-1] -= 0.5
    return stream.model.Categorical(weights, lazy=False, perfect=False)
