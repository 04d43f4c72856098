"""The fast coder and the readable one are the same coder."""

import numpy as np
import pytest
from constriction import stream

from cotam.entropy_coding import MAX_SYMBOL, PRECISION, FrameReader, FrameWriter, TableSet
from cotam.entropy_coding.categorical import categorical
from cotam.entropy_coding.reference import Decoder, encode, part_intervals, read_part
from cotam.entropy_coding.tables import MAX_FREE_SYMBOLS
from cotam.errors import BitstreamError

TOTAL = 1 << PRECISION
RADII = (0, 1, 2, 7, 40, 300)


def fast(symbols, indexes, tables):
    writer = FrameWriter()
    writer.add(symbols, indexes, tables)
    return writer.to_bytes()


@pytest.mark.parametrize("seed", range(40))
def test_both_code_random_parts_to_the_same_bytes(make_part, seed):
    symbols, indexes, tables = make_part(seed, 120, RADII)
    data = encode(part_intervals(symbols.tolist(), indexes.tolist(), tables))
    assert data == fast(symbols, indexes, tables)
    decoder = Decoder(data)
    assert read_part(decoder, indexes.tolist(), tables) == symbols.tolist()
    decoder.finish()


@pytest.mark.parametrize("seed", range(200))
def test_constriction_follows_an_integer_table_word_for_word(make_frequencies, seed):
    rng = np.random.default_rng(seed)
    frequencies = make_frequencies(rng, int(rng.integers(0, 301)))
    likely = rng.choice(frequencies.size, 30, p=frequencies / TOTAL)
    entries = rng.permutation(np.concatenate([likely, rng.integers(0, frequencies.size, 30)])).astype(
        np.int32
    )
    coder = stream.stack.AnsCoder()
    coder.encode_reverse(entries, categorical(frequencies))
    number = sum(int(word) << 32 * i for i, word in enumerate(coder.get_compressed()))
    starts = np.cumsum(frequencies) - frequencies
    intervals = [(int(starts[entry]), int(frequencies[entry])) for entry in entries]
    assert int.from_bytes(encode(intervals), "big") == number


@pytest.mark.parametrize("place", range(4))
def test_every_boundary_of_the_most_skewed_tables_is_where_the_integers_say(place):
    frequencies = np.array([1, 1, 1, 2])
    frequencies[place] += TOTAL - frequencies.sum()
    ends = np.cumsum(frequencies).tolist()
    model = categorical(frequencies)
    for entry, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        for quantile in {start, end - 1} - {0}:
            word = np.array([quantile], dtype=np.uint32)
            assert stream.stack.AnsCoder(word).decode(model) == entry


@pytest.mark.parametrize("radius", [0, 1, 300])
def test_both_code_the_same_escapes(radius):
    sizes = [radius + 1, radius + 2, radius + 3, radius + 1000, MAX_SYMBOL - 1, MAX_SYMBOL]
    symbols = [sign * size for size in sizes for sign in (1, -1)]
    flat = np.full(2 * radius + 2, TOTAL // (2 * radius + 2))
    flat[-1] += TOTAL - flat.sum()
    tables = TableSet.from_frequencies([flat])
    indexes = [1] * len(symbols)
    data = encode(part_intervals(symbols, indexes, tables))
    assert data == fast(symbols, indexes, tables)
    assert read_part(Decoder(data), indexes, tables) == symbols


@pytest.mark.parametrize("seed", range(60))
def test_both_read_random_bytes_alike(make_part, seed):
    _, indexes, tables = make_part(seed, 60, RADII)
    data = np.random.default_rng(seed).bytes(seed)
    outcomes = []
    for read in (
        lambda: read_part(Decoder(data), indexes.tolist(), tables),
        lambda: FrameReader(data).read(indexes, tables).tolist(),
    ):
        try:
            outcomes.append(read())
        except BitstreamError:
            outcomes.append("damaged")
    assert outcomes[0] == outcomes[1]


def test_both_start_from_the_check():
    tables = TableSet.from_frequencies([[TOTAL // 2, TOTAL // 2]])
    symbols, indexes = [0] * 50, [1] * 50
    for check in (1, 0xFFFFFF, 0xFFFFFFFF):
        writer = FrameWriter()
        writer.add(symbols, indexes, tables)
        data = writer.to_bytes(check)
        assert data == encode(part_intervals(symbols, indexes, tables), check)
        decoder = Decoder(data)
        assert read_part(decoder, indexes, tables) == symbols
        decoder.finish(check)
        with pytest.raises(BitstreamError):
            decoder.finish()


@pytest.mark.parametrize("more", [0, 1])
def test_both_refuse_a_large_part_of_an_empty_payload(more):
    tables = TableSet.from_frequencies([[1, TOTAL - 4, 1, 2]])
    indexes = [1] * (MAX_FREE_SYMBOLS + more)
    if more:
        with pytest.raises(BitstreamError, match="ends before its symbols do"):
            read_part(Decoder(b""), indexes, tables)
        with pytest.raises(BitstreamError, match="ends before its symbols do"):
            FrameReader(b"").read(indexes, tables)
    else:
        assert read_part(Decoder(b""), indexes, tables) == FrameReader(b"").read(indexes, tables).tolist()
