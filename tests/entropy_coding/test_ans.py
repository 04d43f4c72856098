from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotam.entropy_coding import (
    MAX_SYMBOL,
    PRECISION,
    FrameReader,
    FrameWriter,
    TableSet,
    quantise_probabilities,
)
from cotam.entropy_coding.categorical import categorical
from cotam.entropy_coding.reference import encode
from cotam.entropy_coding.tables import MAX_FREE_SYMBOLS
from cotam.errors import BitstreamError

TOTAL = 1 << PRECISION
RADII = (0, 1, 5, 60, 300)
LAPLACE = [quantise_probabilities([*(decay ** abs(s) for s in range(-r, r + 1)), 1e-4]) for decay, r in
           ((0.05, 1), (0.3, 4), (0.7, 12), (0.95, 60))]  # fmt: skip
GOLDEN_SYMBOLS = [0, 0, 1, -1, 3, -12, 60, 0, -61, 1000, 2, MAX_SYMBOL, -5, 0]
GOLDEN_INDEXES = [0, 1, 1, 2, 2, 3, 4, 0, 4, 3, 1, 2, 3, 4]


def coded(*parts):
    writer = FrameWriter()
    for part in parts:
        writer.add(*part)
    return writer.to_bytes()


@pytest.fixture(scope="module")
def tables():
    return TableSet.from_frequencies(LAPLACE)


def test_parts_come_back_in_order_with_their_shapes(make_part):
    first, second = make_part(1, 600, RADII), make_part(2, 35, (3,))
    reader = FrameReader(coded(first, second))
    shape = (2, 30, 10)
    decoded = reader.read(first[1].reshape(shape), first[2])
    assert decoded.shape == shape
    assert decoded.dtype == np.int32
    np.testing.assert_array_equal(decoded.ravel(), first[0])
    np.testing.assert_array_equal(reader.read(second[1], second[2]), second[0])
    reader.finish()


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_symbols_come_back(tables, data):
    indexes = data.draw(st.lists(st.integers(0, 4), max_size=40))
    value = st.integers(-3, 3) | st.integers(-MAX_SYMBOL, MAX_SYMBOL)
    symbols = [data.draw(value) if index else 0 for index in indexes]
    reader = FrameReader(coded((symbols, indexes, tables)))
    assert reader.read(indexes, tables).tolist() == symbols
    reader.finish()


def test_the_coded_bytes_never_change(tables):
    data = coded((GOLDEN_SYMBOLS, GOLDEN_INDEXES, tables))
    assert data.hex() == "4f6c13e4aaf4226dc6ee0051be16fffa5eff7fbc00"
    reader = FrameReader(data)
    assert reader.read(GOLDEN_INDEXES, tables).tolist() == GOLDEN_SYMBOLS
    reader.finish()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [100, 3000, 40_000])
def test_the_coded_size_is_the_ideal_and_a_few_bytes(make_part, size, seed):
    symbols, indexes, tables = make_part(seed, size, (1, 3, 10, 40))
    ideal = tables.ideal_bits(symbols, indexes) / 8
    assert ideal <= len(coded((symbols, indexes, tables))) <= ideal * 1.001 + 8


@pytest.mark.parametrize("radius", [0, 1, 17])
def test_escapes_come_back_at_every_boundary(radius):
    flat = quantise_probabilities(np.ones(2 * radius + 2))
    one_table = TableSet.from_frequencies([flat])
    sizes = {radius, radius + 1, *(radius + 2**k + d for k in range(1, 15) for d in (-1, 0)), MAX_SYMBOL}
    symbols = [sign * size for size in sorted(sizes) for sign in (-1, 1)]
    reader = FrameReader(coded((symbols, [1] * len(symbols), one_table)))
    assert reader.read([1] * len(symbols), one_table).tolist() == symbols
    reader.finish()


@pytest.mark.parametrize("symbol", [MAX_SYMBOL + 1, -MAX_SYMBOL - 1, 2**40])
def test_a_symbol_beyond_the_limit_is_refused(tables, symbol):
    with pytest.raises(ValueError, match="symbols must lie within"):
        FrameWriter().add([symbol], [1], tables)


def test_a_symbol_that_is_certainly_zero_must_be_zero(tables):
    with pytest.raises(ValueError, match="index 0 must be 0"):
        FrameWriter().add([0, 1], [1, 0], tables)


def test_an_index_without_a_table_is_refused(tables):
    with pytest.raises(ValueError, match=r"indexes must lie in 0\.\.4"):
        FrameReader(b"").read([5], tables)


def test_certain_zeros_and_empty_parts_cost_nothing(tables):
    nothing = np.zeros((0, 3), dtype=np.int32)
    data = coded((nothing, nothing, tables), (np.zeros(1000, int), np.zeros(1000, int), tables))
    assert data == b""
    reader = FrameReader(data)
    assert reader.read(nothing, tables).shape == (0, 3)
    assert not reader.read(np.zeros(1000, int), tables).any()
    reader.finish()


def test_zero_bytes_in_front_of_the_payload_mean_nothing(make_part):
    for seed in range(20):
        symbols, indexes, tables = make_part(seed, 30 + seed, RADII)
        data = coded((symbols, indexes, tables))
        assert not data.startswith(b"\0")
        for padding in range(9):
            reader = FrameReader(bytes(padding) + data)
            np.testing.assert_array_equal(reader.read(indexes, tables), symbols)
            reader.finish()


def test_words_of_zero_inside_the_payload_count(tables):
    symbols = FrameReader(b"\x07" + bytes(16)).read([3] * 40, tables)
    shorter = FrameReader(b"\x07" + bytes(12)).read([3] * 40, tables)
    assert (symbols != shorter).any()


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes_decode_or_are_refused(tables, data, size):
    indexes = np.arange(size) % len(tables)
    reader = FrameReader(data)
    try:
        symbols = reader.read(indexes, tables)
        reader.finish()
    except BitstreamError:
        return
    assert np.abs(symbols).max(initial=0) <= MAX_SYMBOL
    assert coded((symbols, indexes, tables)) == data.lstrip(b"\0")


def test_an_escape_beyond_the_limit_is_refused():
    halves = TableSet.from_frequencies([[TOTAL // 2, TOTAL // 2]])
    escape, last_class = (TOTAL // 2, TOTAL // 2), (TOTAL - 512, 512)
    for suffix, symbol in ((0, MAX_SYMBOL), (1, -MAX_SYMBOL)):
        data = encode([escape, last_class, (suffix << 8, 1 << 8)])
        assert FrameReader(data).read([1], halves).tolist() == [symbol]
    for suffix in (2, 3, 0xFFFF):
        data = encode([escape, last_class, (suffix << 8, 1 << 8)])
        with pytest.raises(BitstreamError, match="symbol beyond"):
            FrameReader(data).read([1], halves)


def damaged(data):
    """All truncations, some extensions, and three changes of every byte."""
    yield from (data[:length] for length in range(len(data)))
    yield from (data + b"\0", data + b"\1", b"\1" + data)
    for position in range(len(data)):
        for change in (0x01, 0x80, 0xFF):
            yield data[:position] + bytes([data[position] ^ change]) + data[position + 1 :]


@pytest.mark.parametrize("seed", range(4))
def test_a_checksum_of_the_symbols_as_check_finds_all_damage(make_part, seed):
    symbols, indexes, tables = make_part(seed, 150, (1, 4, 20))
    writer = FrameWriter()
    writer.add(symbols, indexes, tables)
    for bad in damaged(writer.to_bytes(check=crc32(symbols.tobytes()))):
        reader = FrameReader(bad)
        with pytest.raises(BitstreamError):  # noqa: PT012
            decoded = reader.read(indexes, tables)
            reader.finish(check=crc32(decoded.tobytes()))


def test_left_over_bytes_are_noticed(tables):
    data = coded((GOLDEN_SYMBOLS, GOLDEN_INDEXES, tables))
    for more in (b"\0", b"\1", bytes(4), bytes(range(1, 9))):
        reader = FrameReader(data + more)
        reader.read(GOLDEN_INDEXES, tables)
        with pytest.raises(BitstreamError, match="does not end"):
            reader.finish()


def test_a_part_that_was_not_read_is_noticed(make_part):
    first, second = make_part(1, 40, (4,)), make_part(2, 40, (4,))
    reader = FrameReader(coded(first, second))
    reader.read(first[1], first[2])
    with pytest.raises(BitstreamError, match="does not end"):
        reader.finish()


def test_a_frame_ends_only_with_the_check_it_was_written_with(make_part):
    symbols, indexes, tables = make_part(3, 200, (4,))
    writer = FrameWriter()
    writer.add(symbols, indexes, tables)
    plain = writer.to_bytes()
    data = writer.to_bytes(check=0xABCDEF)
    assert len(data) <= len(plain) + 2
    reader = FrameReader(data)
    np.testing.assert_array_equal(reader.read(indexes, tables), symbols)
    reader.finish(check=0xABCDEF)
    with pytest.raises(BitstreamError):
        reader.finish()


@pytest.mark.parametrize("check", [-1, 2**32])
def test_a_check_out_of_range_is_refused(check):
    with pytest.raises(ValueError, match="check must lie"):
        FrameWriter().to_bytes(check)


def test_single_entries_mix_with_parts(tables):
    coin = categorical([TOTAL // 2, TOTAL // 2])
    writer = FrameWriter()
    writer.add_entry(1, coin)
    writer.add([4, -70], [2, 4], tables)
    writer.add_entry(0, coin)
    writer.add_entry(1, coin)
    reader = FrameReader(writer.to_bytes())
    assert reader.read_entry(coin) == 1
    assert reader.read([2, 4], tables).tolist() == [4, -70]
    assert [reader.read_entry(coin), reader.read_entry(coin)] == [0, 1]
    reader.finish()


@pytest.fixture(scope="module")
def narrow_and_wide():
    """Table 1 has radius 0, table 2 radius 1."""
    return TableSet.from_frequencies([[TOTAL - 9, 9], [4, TOTAL - 12, 4, 4]])


def test_a_large_part_of_a_payload_that_ran_out_is_refused(narrow_and_wide):
    data = coded(([0, 0], [2, 2], narrow_and_wide))
    for size in (MAX_FREE_SYMBOLS, MAX_FREE_SYMBOLS + 1):
        reader = FrameReader(data)
        assert reader.read([2, 2], narrow_and_wide).tolist() == [0, 0]
        indexes = np.full(size, 2, dtype=np.uint8)
        if size > MAX_FREE_SYMBOLS:
            with pytest.raises(BitstreamError, match="ends before its symbols do"):
                reader.read(indexes, narrow_and_wide)
        else:
            assert (reader.read(indexes, narrow_and_wide) == -1).all()
            reader.finish()


@pytest.mark.parametrize("index", [0, 1])
def test_zeros_of_certain_and_narrow_tables_may_be_free_in_any_number(narrow_and_wide, index):
    indexes = np.full(3 * MAX_FREE_SYMBOLS, index, dtype=np.uint8)
    data = coded((np.zeros(indexes.size, dtype=np.int32), indexes, narrow_and_wide))
    assert data == b""
    reader = FrameReader(data)
    assert not reader.read(indexes, narrow_and_wide).any()
    reader.finish()


def test_what_readers_refuse_is_not_written(narrow_and_wide):
    indexes = np.full(MAX_FREE_SYMBOLS + 1, 2, dtype=np.uint8)
    lowest = np.full(indexes.size, -1, dtype=np.int32)
    for rest in ([], [([-1, 0, -1], [2, 1, 2], narrow_and_wide)]):
        with pytest.raises(ValueError, match="lowest symbols"):
            coded((lowest, indexes, narrow_and_wide), *rest)
    assert coded((lowest[1:], indexes[1:], narrow_and_wide)) == b""


def test_one_other_symbol_anywhere_behind_makes_any_part_readable(narrow_and_wide):
    indexes = np.full(MAX_FREE_SYMBOLS + 1, 2, dtype=np.uint8)
    lowest, rest = np.full(indexes.size, -1, dtype=np.int32), ([0, -1], [2, 2], narrow_and_wide)
    reader = FrameReader(coded((lowest, indexes, narrow_and_wide), rest))
    assert (reader.read(indexes, narrow_and_wide) == -1).all()
    assert reader.read([2, 2], narrow_and_wide).tolist() == [0, -1]
    reader.finish()
