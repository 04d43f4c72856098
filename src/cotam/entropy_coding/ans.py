"""The coder of a frame: all its parts in one ANS state.

ANS (asymmetric numeral systems, Duda 2013) is a stack: what is encoded last is decoded first. So the writer
collects the parts in decoding order, and encodes them in reverse when all of them are there. ``reference``
describes the arithmetic; here constriction does it.

**Bytes.** The coder's words make one natural number, ``sum(word[i] << 32 * i)``; the decoder starts at its
top. The payload is this number in big-endian bytes, without leading zero bytes: no length, no padding, no
marker, and zero bytes put in front of it change nothing. The number 0 is the empty payload.

**Parts.** A part is an array of symbols with an array of table indexes. Its symbols are coded table by table,
ascending (index 0 is not coded at all), and within a table in array order (C order); then the classes of
all its escapes in array order, then all their suffixes (see ``escapes``).
"""

from collections.abc import Iterator

import numpy as np
from constriction import stream
from numpy.typing import ArrayLike, NDArray

from cotam.entropy_coding import escapes
from cotam.entropy_coding.categorical import IntArray, Model
from cotam.entropy_coding.tables import MAX_TABLES, TableSet
from cotam.errors import BitstreamError

WORD_BYTES = 4
EXHAUSTED = (0, 0)
"""Words left and state of a coder that has nothing more to give."""


class FrameWriter:
    """Collects the parts of a frame in decoding order; ``to_bytes`` codes them."""

    def __init__(self) -> None:
        """Start an empty frame."""
        self._steps: list[tuple[Model, ...]] = []
        self._exhausted_early = False

    def add(self, symbols: ArrayLike, indexes: ArrayLike, tables: TableSet) -> None:
        """Add a part.

        Args:
            symbols: integers, any shape, at most ``MAX_SYMBOL`` in magnitude; 0 where the index is 0.
            indexes: integers of the same number: the table of each symbol.
            tables: the tables.

        Raises:
            ValueError: arguments out of range or of different sizes.
        """
        chosen = tables.check_indexes(indexes)
        flat, escaped = tables.check_symbols(symbols, chosen)
        entries = flat + tables.radius[chosen]
        radii = tables.radius[chosen[escaped]]
        entries[escaped] = 2 * radii + 1
        if entries.any():
            self._exhausted_early = False
        elif tables.needs_payload(chosen):
            self._exhausted_early = True
        for index, positions in _groups(chosen):
            self._steps.append((entries[positions], tables.model(index)))
        if escaped.size:
            classes, suffixes = escapes.split(flat[escaped], radii)
            self._steps.append((classes, escapes.class_model()))
            self._steps.append((suffixes, escapes.suffix_family(), escapes.suffix_sizes(classes)))

    def add_entry(self, entry: int, model: Model) -> None:
        """Add one entry, 0 .. n-1, of a model of n entries (``categorical``)."""
        self._steps.append((entry, model))
        self._exhausted_early &= not entry

    def to_bytes(self, check: int = 0) -> bytes:
        """Code all parts.

        Args:
            check: a number 0 .. 2**32 - 1 that the coder starts from, and that ``FrameReader.finish`` must be
                given again: a checksum of the symbols, say. 24 bits cost a third of a byte, 32 bits 1.3.

        Returns:
            The payload; without leading zero bytes, and empty for an empty frame.

        Raises:
            ValueError: the check is out of range, or the frame goes on with too many symbols that are all the
                lowest of their tables (``TableSet.needs_payload``): readers would refuse it.
        """
        if not 0 <= check < 1 << 8 * WORD_BYTES:
            raise ValueError(f"check must lie in 0..2**32 - 1, got {check}")
        if self._exhausted_early and not check:
            raise ValueError("the last parts hold nothing but the lowest symbols of their tables: change one")
        coder = (
            stream.stack.AnsCoder(np.array([check], dtype=np.uint32)) if check else stream.stack.AnsCoder()
        )
        for step in reversed(self._steps):
            coder.encode_reverse(*step)
        words: NDArray[np.uint32] = coder.get_compressed()
        return words[::-1].astype(">u4").tobytes().lstrip(b"\0")


class FrameReader:
    """Decodes the parts of a frame, asked for in the order in which they were added.

    Any bytes decode to some symbols: damage shows as an escape out of range, as a part that begins when nothing is
    left, or in ``finish``.
    """

    def __init__(self, data: bytes) -> None:
        """Take the payload of a frame; leading zero bytes are ignored."""
        digits = bytes(data).lstrip(b"\0")
        padded = digits.rjust(-(-len(digits) // WORD_BYTES) * WORD_BYTES, b"\0")
        self._coder = stream.stack.AnsCoder(np.frombuffer(padded, dtype=">u4")[::-1].astype(np.uint32))

    def read(self, indexes: ArrayLike, tables: TableSet) -> NDArray[np.int32]:
        """Decode a part.

        Args:
            indexes: integers, any shape, the same as in the writer.
            tables: the same tables as in the writer.

        Returns:
            Symbols, int32, in the shape of ``indexes``.

        Raises:
            BitstreamError: a symbol is beyond ``MAX_SYMBOL``, or the payload ended before a part that
                needs it: the bytes are damaged.
            ValueError: an index without a table.
        """
        chosen = tables.check_indexes(indexes)
        if self._coder.pos() == EXHAUSTED and tables.needs_payload(chosen):
            raise BitstreamError("the entropy-coded data is damaged: it ends before its symbols do")
        symbols = np.zeros(chosen.size, dtype=np.int32)
        escaped = []
        for index, positions in _groups(chosen):
            radius = int(tables.radius[index])
            decoded = self._coder.decode(tables.model(index), positions.size) - np.int32(radius)
            symbols[positions] = decoded
            escaped.append(positions[decoded > radius])
        if any(positions.size for positions in escaped):
            where = np.sort(np.concatenate(escaped))
            symbols[where] = self._read_escapes(tables.radius[chosen[where]])
        return symbols.reshape(np.shape(indexes))

    def read_entry(self, model: Model) -> int:
        """Decode one entry, 0 .. n-1, of a model of n entries."""
        return int(self._coder.decode(model))

    def finish(self, check: int = 0) -> None:
        """Make sure that the frame ends here.

        The coder must be back where the writer started. Without a check this finds data left over, but
        not always data that ran out, because an empty coder decodes on from 0. A checksum of the symbols as
        ``check`` finds damage of any kind, but for one case in 2**24 (or in 2**32, as it is wide).

        Args:
            check: the number that the writer was given.

        Raises:
            BitstreamError: bytes are left over, the bytes are damaged, or ``check`` is not the writer's.
        """
        words_left, state = self._coder.pos()
        if words_left or state != check:
            raise BitstreamError(
                "the entropy-coded data is damaged: it does not end where its last symbol ends"
            )

    def _read_escapes(self, radii: IntArray) -> NDArray[np.int32]:
        classes = self._coder.decode(escapes.class_model(), radii.size)
        suffixes = self._coder.decode(escapes.suffix_family(), escapes.suffix_sizes(classes))
        symbols = escapes.join(classes, suffixes, radii)
        if np.abs(symbols).max() > escapes.MAX_SYMBOL:
            raise BitstreamError(f"the entropy-coded data is damaged: a symbol beyond ±{escapes.MAX_SYMBOL}")
        return symbols


def _groups(indexes: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Tables in use, ascending and without 0, each with the ascending positions of its symbols."""
    order = np.argsort(indexes, kind="stable")
    ends = np.searchsorted(indexes[order], np.arange(MAX_TABLES), side="right")
    for index in range(1, MAX_TABLES):
        if ends[index] > ends[index - 1]:
            yield index, order[ends[index - 1] : ends[index]]
