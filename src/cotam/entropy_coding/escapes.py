"""Escapes: symbols outside their table, coded as Exp-Golomb numbers.

A table of radius r that meets ``|symbol| > r`` codes its escape symbol, and the symbol itself follows as its
excess ``|symbol| - r - 1`` and its sign:

- class ``c = floor(log2(excess + 1))``, 0..15, with probability 1/2, 1/4, ... (the last takes the rest);
- suffix of ``c + 1`` uniform bits: ``2 * (excess + 1 - 2**c)``, plus 1 where the symbol is negative.
"""

from functools import cache
from typing import Final

import numpy as np
from constriction import stream
from numpy.typing import NDArray

from cotam.entropy_coding.categorical import PRECISION, IntArray, Model, categorical

MAX_SYMBOL: Final = 1 << 15
"""Largest magnitude of a symbol that can be coded."""

CLASS_FREQUENCIES: Final = tuple(1 << max(PRECISION - 1 - c, PRECISION - 15) for c in range(16))


@cache
def class_model() -> Model:
    """Model of the class of an escape."""
    return categorical(CLASS_FREQUENCIES)


@cache
def suffix_family() -> Model:
    """Family of models of the suffix of an escape; its parameter is ``suffix_sizes``."""
    return stream.model.Uniform()


def suffix_sizes(classes: IntArray) -> NDArray[np.int32]:
    """Number of values that the suffix of each class can take, 2..2**16; int32 (n,)."""
    return np.int32(2) << classes.astype(np.int32)


def split(symbols: IntArray, radii: IntArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Classes and suffixes of escaped symbols.

    Args:
        symbols: (n,), ``radii < |symbols| <= MAX_SYMBOL``.
        radii: (n,), the radius of each symbol's table.

    Returns:
        Classes int32 (n,) in 0..15, and suffixes int32 (n,) in ``0 .. suffix_sizes - 1``.
    """
    rank = np.abs(symbols.astype(np.int32)) - radii.astype(np.int32)
    classes = (np.frexp(rank)[1] - 1).astype(np.int32)
    suffixes = 2 * (rank - (1 << classes)) + (symbols < 0)
    return classes, suffixes.astype(np.int32)


def join(classes: IntArray, suffixes: IntArray, radii: IntArray) -> NDArray[np.int32]:
    """Undo ``split``; from damaged bytes the magnitude may exceed ``MAX_SYMBOL``, up to 2**16 + radius."""
    magnitudes = radii + (1 << classes) + (suffixes >> 1)
    symbols: NDArray[np.int32] = np.where(suffixes & 1, -magnitudes, magnitudes).astype(np.int32)
    return symbols


def ideal_bits(symbols: IntArray, radii: IntArray) -> float:
    """Exact cost in bits of class and suffix of escaped symbols (arguments as for ``split``)."""
    classes, _ = split(symbols, radii)
    class_bits = PRECISION - np.log2(CLASS_FREQUENCIES)
    return float((class_bits[classes] + classes + 1).sum())
