"""Probabilities to integer frequencies: done once, when a model is finished, and never by a decoder."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cotam.entropy_coding.categorical import TOTAL


def quantise_probabilities(probabilities: ArrayLike) -> NDArray[np.int64]:
    """Round probabilities to frequencies with the sum ``2**24``, by the method of largest remainders.

    Every symbol first gets 1, and the escape symbol 2; the rest is shared out in proportion to the
    probabilities, and what rounding down leaves over goes to the largest remainders, the first ones on a tie.

    Args:
        probabilities: (n,), n >= 2, finite, not negative, not all zero; need not sum to 1. The last one is
            the escape symbol's.

    Returns:
        Frequencies (n,): each at least 1, the last at least 2, the sum exactly ``2**24``.

    Raises:
        ValueError: the probabilities are not as above.
    """
    weights = np.asarray(probabilities, dtype=np.float64)
    if weights.ndim != 1 or not 2 <= weights.size < TOTAL:
        raise ValueError(f"probabilities must be one row of at least two, got shape {weights.shape}")
    total = math.fsum(weights)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and 0 < total < math.inf):
        raise ValueError("probabilities must be finite, not negative and not all zero")
    spare = TOTAL - weights.size - 1
    shares = weights / total * spare
    frequencies = np.floor(shares).astype(np.int64)
    left_over = spare - int(frequencies.sum())
    largest_remainders = np.argsort(frequencies - shares, kind="stable")[:left_over]
    frequencies[largest_remainders] += 1
    frequencies += 1
    frequencies[-1] += 1
    return frequencies
