"""What each symbol costs by a model's tables, and from where on a smaller one is the better choice. No torch here.

The worth of distortion follows from high-rate theory: a quantiser whose step d is optimal for the trade-off has the
distortion D = d²/12 with dR/dD = -1/(2 ln 2 · D), so one step squared is worth 6 / ln 2 = 8.66 bits, at every quality,
since the gains put every latent on the scale of its own step. Measured on Kodak, a little more is better over the
whole range.
"""

import numpy as np

from cotam.entropy_coding import PRECISION, TableSet

ESCAPE_BITS = 6.0
"""A rough price of what follows an escape symbol."""


def lowering_thresholds(tables: TableSet, worth: float) -> np.ndarray:
    """How far beyond n - 1/2 a magnitude must lie for n to be worth its bits.

    n costs rise(n) more than n - 1 and is nearer: it wins from n - 1/2 + rise(n) / (2 worth) on.

    Args:
        tables: the model's tables.
        worth: bits that one squared step of distortion is worth; infinite means plain rounding.

    Returns:
        float64 (T, 2 + largest radius), by table and n.
    """
    return _rises(tables) / (2 * worth)


def _rises(tables: TableSet) -> np.ndarray:
    """Bits that magnitude n costs more than n - 1: float64 (T, 2 + largest radius), by table and n."""
    widest = int(tables.radius.max())
    costs = np.zeros((len(tables), widest + 2))
    for index in range(1, len(tables)):
        radius = int(tables.radius[index])
        bits = PRECISION - np.log2(tables.frequencies(index))
        costs[index, : radius + 1] = bits[radius : 2 * radius + 1]
        costs[index, radius + 1 :] = bits[-1] + ESCAPE_BITS
    return np.diff(costs, axis=1, prepend=costs[:, :1])
