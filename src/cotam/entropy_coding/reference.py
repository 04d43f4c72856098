"""The coder again in plain Python: slow, and written to be read. It is the normative description.

An ANS coder is a natural number, the *state*, that starts at 0. An entry that owns the interval
``[start, start + frequency)`` of ``[0, 2**24)`` is pushed by replacing the state x with the number whose
quotient by 2**24 is ``x // frequency`` and whose remainder is ``start + x % frequency``; so the state grows
by about ``log2(2**24 / frequency)`` bits. To pop, see whose interval the remainder lies in; undo the step.

To keep the state within 64 bits, its lowest 32 bits move to a stack of words when a push would make it too
large; the top word returns when a pop leaves the state below 2**32.

Tests hold ``ans`` equal to this file, byte for byte.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from cotam.entropy_coding.categorical import PRECISION, TOTAL
from cotam.entropy_coding.escapes import CLASS_FREQUENCIES, MAX_SYMBOL
from cotam.entropy_coding.tables import TableSet
from cotam.errors import BitstreamError

WORD_BITS = 32
STATE_BITS = 64

Interval = tuple[int, int]
"""(start, frequency) of an entry within [0, 2**24)."""


def encode(intervals: Iterable[Interval], check: int = 0) -> bytes:
    """Code the intervals of entries, given in decoding order; the last one is pushed first."""
    state, words = check, []
    for start, frequency in reversed(list(intervals)):
        if state >> (STATE_BITS - PRECISION) >= frequency:
            words.append(state % (1 << WORD_BITS))
            state >>= WORD_BITS
        state = ((state // frequency) << PRECISION) + start + state % frequency
    number = state
    for word in reversed(words):
        number = (number << WORD_BITS) + word
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


class Decoder:
    """Pops entries off the number that ``encode`` made."""

    def __init__(self, data: bytes) -> None:
        """Split the number into words, the highest on top, and the top one or two into the state."""
        number = int.from_bytes(data, "big")
        self.words: list[int] = []
        while number:
            self.words.append(number % (1 << WORD_BITS))
            number >>= WORD_BITS
        self.state = 0
        self._refill()
        self._refill()

    def pop(self, cumulative: Sequence[int]) -> int:
        """Decode the entry of a table whose entry k owns ``[cumulative[k], cumulative[k + 1])``."""
        quantile = self.state % TOTAL
        entry = next(k for k, end in enumerate(cumulative[1:]) if quantile < end)
        start, end = cumulative[entry : entry + 2]
        self.state = (self.state >> PRECISION) * (end - start) + quantile - start
        self._refill()
        return entry

    def pop_bits(self, count: int) -> int:
        """Decode an entry of the uniform table of ``2**count`` entries."""
        return self.pop(range(0, TOTAL + 1, TOTAL >> count))

    def is_exhausted(self) -> bool:
        """Whether nothing is left: from here on every entry is the first of its table."""
        return not self.words and self.state == 0

    def finish(self, check: int = 0) -> None:
        """Raise BitstreamError unless the number is down to what ``encode`` started from."""
        if self.words or self.state != check:
            raise BitstreamError("the entropy-coded data does not end where its last symbol ends")

    def _refill(self) -> None:
        if self.words and self.state < 1 << WORD_BITS:
            self.state = (self.state << WORD_BITS) + self.words.pop()


CLASS_CUMULATIVE = [sum(CLASS_FREQUENCIES[:k]) for k in range(len(CLASS_FREQUENCIES) + 1)]


def part_intervals(symbols: Sequence[int], indexes: Sequence[int], tables: TableSet) -> Iterator[Interval]:
    """Intervals of a part in decoding order: by table, then the escapes' classes, then their suffixes."""
    radius = tables.radius.tolist()
    for index in range(1, len(tables)):
        cumulative = tables.cumulative(index).tolist()
        for symbol in (s for s, i in zip(symbols, indexes, strict=True) if i == index):
            entry = symbol + radius[index] if abs(symbol) <= radius[index] else 2 * radius[index] + 1
            yield cumulative[entry], cumulative[entry + 1] - cumulative[entry]
    ranks = [
        (abs(symbol) - radius[index], symbol < 0)
        for symbol, index in zip(symbols, indexes, strict=True)
        if abs(symbol) > radius[index]
    ]
    for rank, _ in ranks:
        escape_class = rank.bit_length() - 1
        yield CLASS_CUMULATIVE[escape_class], CLASS_FREQUENCIES[escape_class]
    for rank, negative in ranks:
        frequency = TOTAL >> rank.bit_length()
        suffix = 2 * (rank - (1 << rank.bit_length() - 1)) + negative
        yield suffix * frequency, frequency


def read_part(decoder: Decoder, indexes: Sequence[int], tables: TableSet) -> list[int]:
    """Decode a part: the inverse of ``part_intervals``."""
    if decoder.is_exhausted() and tables.needs_payload(np.array(indexes, dtype=np.intp)):
        raise BitstreamError("the entropy-coded data ends before its symbols do")
    radius = tables.radius.tolist()
    symbols = [0] * len(indexes)
    for index in range(1, len(tables)):
        cumulative = tables.cumulative(index).tolist()
        for position in (p for p, i in enumerate(indexes) if i == index):
            symbols[position] = decoder.pop(cumulative) - radius[index]
    escaped = [p for p, symbol in enumerate(symbols) if symbol > radius[indexes[p]]]
    classes = [decoder.pop(CLASS_CUMULATIVE) for _ in escaped]
    for position, escape_class in zip(escaped, classes, strict=True):
        suffix = decoder.pop_bits(escape_class + 1)
        magnitude = radius[indexes[position]] + (1 << escape_class) + suffix // 2
        if magnitude > MAX_SYMBOL:
            raise BitstreamError(f"a symbol beyond ±{MAX_SYMBOL}")
        symbols[position] = -magnitude if suffix % 2 else magnitude
    return symbols
