"""Integer frequency tables: all that an entropy decoder needs to know, stored with a model's weights."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cotam.entropy_coding import escapes
from cotam.entropy_coding.categorical import PRECISION, TOTAL, IntArray, Model, categorical
from cotam.errors import ModelError

MAX_TABLES: Final = 256
MAX_RADIUS: Final = 4095
MAX_FREE_SYMBOLS: Final = 1 << 16
"""Most symbols of a part that an exhausted payload may still give: see ``TableSet.needs_payload``."""
CERTAIN_ZERO: Final = (TOTAL - 2, 2)
"""Frequencies in row 0 of every set, which only hold the place: a symbol with index 0 is never coded."""


class TableSet:
    """Frequency tables, chosen symbol by symbol by an index.

    Table i codes the symbols ``-radius[i] .. radius[i]``, in this order, and last one escape symbol that
    stands for every other value: ``2 * radius[i] + 2`` entries. **Index 0 means "certainly zero"**: such
    symbols are 0 and cost nothing; row 0 is a placeholder, always ``CERTAIN_ZERO``.

    Attributes:
        radius: int32 (T,), 1 <= T <= 256, each in 0..4095.
        cdf: int32 (T, 2 * max(radius) + 3), cumulative frequencies: row i starts at 0, rises strictly to
            2**24 over the entries of table i, at the last (the escape symbol) by at least 2, and stays there.

    Both arrays are read-only; they are what goes into a weights file, and ``TableSet(radius, cdf)`` reads it.
    """

    def __init__(self, radius: ArrayLike, cdf: ArrayLike) -> None:
        """Take the two stored arrays.

        Args:
            radius: as the attribute.
            cdf: as the attribute.

        Raises:
            ModelError: the arrays are not as described above.
        """
        given_radius, given_cdf = np.asarray(radius), np.asarray(cdf)
        _check_shapes(given_radius, given_cdf)
        _check_rows(given_radius, given_cdf.astype(np.int64))
        self.radius: NDArray[np.int32] = given_radius.astype(np.int32)
        self.cdf: NDArray[np.int32] = given_cdf.astype(np.int32)
        self.radius.flags.writeable = self.cdf.flags.writeable = False
        self._models: dict[int, Model] = {}

    @classmethod
    def from_frequencies(cls, tables: Sequence[ArrayLike]) -> "TableSet":
        """Collect the tables of the indexes 1, 2, ...

        Args:
            tables: for each index its frequencies: ``2 * radius + 2`` integers with the sum 2**24, the escape
                symbol's last (``quantise_probabilities`` makes them).

        Raises:
            ModelError: some table has an odd or too small number of entries, or is not as described above.
        """
        rows = [np.asarray(row, dtype=np.int64) for row in (CERTAIN_ZERO, *tables)]
        for index, row in enumerate(rows):
            if row.ndim != 1 or row.size < 2 or row.size % 2:
                raise ModelError(f"table {index} must have 2 * radius + 2 frequencies, got shape {row.shape}")
        cdf = np.full((len(rows), 1 + max(row.size for row in rows)), TOTAL, dtype=np.int64)
        cdf[:, 0] = 0
        for cumulative, row in zip(cdf, rows, strict=True):
            cumulative[1 : 1 + row.size] = np.cumsum(row)
        return cls([row.size // 2 - 1 for row in rows], cdf)

    def __len__(self) -> int:
        """Number of tables, the placeholder of index 0 included."""
        return len(self.radius)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the two arrays; constriction's models can be neither copied nor pickled."""
        return TableSet, (self.radius, self.cdf)

    def cumulative(self, index: int) -> NDArray[np.int32]:
        """Cumulative frequencies of one table without padding, int32 (2 * radius + 3,): from 0 to 2**24."""
        return self.cdf[index, : 2 * int(self.radius[index]) + 3]

    def frequencies(self, index: int) -> NDArray[np.int32]:
        """Frequencies of one table, int32 (2 * radius + 2,): symbols -radius..radius, then escape."""
        return np.diff(self.cumulative(index))

    def model(self, index: int) -> Model:
        """Constriction's model of one table over the entries 0 .. 2 * radius + 1; built at its first use."""
        if index not in self._models:
            self._models[index] = categorical(self.frequencies(index))
        return self._models[index]

    def check_indexes(self, indexes: ArrayLike) -> NDArray[np.uint8]:
        """Flatten indexes to uint8 (n,) in C order.

        Raises:
            ValueError: they are no integers, or not all within 0 .. len(self) - 1.
        """
        flat = np.asarray(indexes).reshape(-1)
        if not flat.size:
            return np.zeros(0, dtype=np.uint8)
        if not np.issubdtype(flat.dtype, np.integer):
            raise ValueError(f"indexes must be integers, got {flat.dtype}")
        if flat.min() < 0 or flat.max() >= len(self):
            raise ValueError(f"indexes must lie in 0..{len(self) - 1}, got {flat.min()}..{flat.max()}")
        return flat.astype(np.uint8, copy=False)

    def needs_payload(self, indexes: IntArray) -> bool:
        """Whether a part with these indexes must not begin when the payload is exhausted.

        A coder whose number is down to 0 gives the first entry of every table, ``-radius``, for ever. Writers end
        there only if all symbols that follow are the lowest of their tables, which for many symbols of tables
        with a radius never happens to a picture. Readers refuse such a part at once, so that a short payload
        does not buy the work on a large picture.

        Args:
            indexes: checked indexes of the part, (n,).
        """
        return int(np.count_nonzero(self.radius[indexes])) > MAX_FREE_SYMBOLS

    def check_symbols(
        self, symbols: ArrayLike, indexes: NDArray[np.uint8]
    ) -> tuple[IntArray, NDArray[np.intp]]:
        """Flatten symbols to int32 (n,) in C order, and find those outside their table.

        Args:
            symbols: integers, as many as there are indexes, at most ``MAX_SYMBOL`` in magnitude.
            indexes: checked indexes, uint8 (n,).

        Returns:
            The symbols, and the ascending positions of the escapes.

        Raises:
            ValueError: the symbols are not as above, or a symbol with index 0 is not 0.
        """
        flat = np.asarray(symbols).reshape(-1)
        if flat.size != indexes.size:
            raise ValueError(f"one index per symbol is needed: {flat.size} symbols, {indexes.size} indexes")
        if not flat.size:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.intp)
        if not np.issubdtype(flat.dtype, np.integer):
            raise ValueError(f"symbols must be integers, got {flat.dtype}")
        if flat.min() < -escapes.MAX_SYMBOL or flat.max() > escapes.MAX_SYMBOL:
            raise ValueError(f"symbols must lie within ±{escapes.MAX_SYMBOL}, got {flat.min()}..{flat.max()}")
        flat = flat.astype(np.int32, copy=False)
        escaped = np.flatnonzero(np.abs(flat) > self.radius[indexes])
        if not indexes[escaped].all():
            raise ValueError("symbols with index 0 must be 0")
        return flat, escaped

    def ideal_bits(self, symbols: ArrayLike, indexes: ArrayLike) -> float:
        """Information content of symbols by these integer tables, escapes included: the coder's target.

        Args:
            symbols: integers, any shape, at most ``MAX_SYMBOL`` in magnitude.
            indexes: integers of the same number, 0 .. len(self) - 1.

        Returns:
            The sum of -log2(frequency / 2**24) over all that is coded, in bits.

        Raises:
            ValueError: arguments out of range, or a symbol with index 0 is not 0.
        """
        chosen = self.check_indexes(indexes)
        flat, escaped = self.check_symbols(symbols, chosen)
        places = self._cost_offsets[chosen] + flat
        radii = self.radius[chosen[escaped]]
        places[escaped] += radii + 1 - flat[escaped]
        return float(self._costs[places].sum()) + escapes.ideal_bits(flat[escaped], radii)

    @cached_property
    def _costs(self) -> NDArray[np.float64]:
        """Bits of every entry, the rows one after another; 0 in row 0 and in the padding."""
        frequencies = np.diff(self.cdf)
        frequencies[frequencies == 0] = TOTAL
        frequencies[0] = TOTAL
        costs: NDArray[np.float64] = PRECISION - np.log2(frequencies)
        return costs.reshape(-1)

    @cached_property
    def _cost_offsets(self) -> NDArray[np.int32]:
        """Place of each table's symbol 0 in ``_costs``."""
        width = self.cdf.shape[1] - 1
        return np.arange(len(self), dtype=np.int32) * np.int32(width) + self.radius


def _check_shapes(radius: NDArray[Any], cdf: NDArray[Any]) -> None:
    for name, array in (("radius", radius), ("cdf", cdf)):
        if not np.issubdtype(array.dtype, np.integer):
            raise ModelError(f"frequency tables: {name} must hold integers, got {array.dtype}")
    if radius.ndim != 1 or not 1 <= radius.size <= MAX_TABLES:
        raise ModelError(f"frequency tables: radius must have 1 to {MAX_TABLES} entries, got {radius.shape}")
    if radius.min() < 0 or radius.max() > MAX_RADIUS:
        raise ModelError(f"frequency tables: radius must lie in 0..{MAX_RADIUS}")
    expected = (radius.size, 2 * int(radius.max()) + 3)
    if cdf.shape != expected:
        raise ModelError(f"frequency tables: cdf must have shape {expected}, got {cdf.shape}")


def _check_rows(radius: IntArray, cdf: NDArray[np.int64]) -> None:
    steps = np.diff(cdf)
    escape = 2 * radius.astype(np.int64) + 1
    used = np.arange(steps.shape[1]) <= escape[:, None]
    faults = {
        "must start at 0": cdf[:, 0] != 0,
        f"must end at {TOTAL}": cdf[:, -1] != TOTAL,
        "must rise at every symbol": ((steps <= 0) & used).any(axis=1),
        f"must stay at {TOTAL} after its end": ((steps != 0) & ~used).any(axis=1),
        "must give the escape symbol at least 2": steps[np.arange(len(radius)), escape] < 2,
    }
    for fault, rows in faults.items():
        if rows.any():
            raise ModelError(f"frequency tables: table {int(rows.argmax())} {fault}")
    if radius[0] != 0 or tuple(steps[0, :2]) != CERTAIN_ZERO:
        raise ModelError(f"frequency tables: table 0 must be the placeholder {CERTAIN_ZERO}")
