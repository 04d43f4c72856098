import copy
import pickle

import numpy as np
import pytest

from cotam.entropy_coding import MAX_SYMBOL, PRECISION, TableSet
from cotam.entropy_coding.categorical import categorical
from cotam.entropy_coding.tables import CERTAIN_ZERO
from cotam.errors import ModelError

TOTAL = 1 << PRECISION
QUARTERS = [TOTAL // 4] * 4
HALVES = [TOTAL // 2] * 2


@pytest.fixture
def tables():
    return TableSet.from_frequencies([HALVES, QUARTERS])


def test_the_stored_arrays_are_cumulative_and_padded_with_the_total(tables):
    assert tables.radius.tolist() == [0, 0, 1]
    assert tables.cdf.tolist() == [
        [0, TOTAL - 2, TOTAL, TOTAL, TOTAL],
        [0, TOTAL // 2, TOTAL, TOTAL, TOTAL],
        [0, TOTAL // 4, TOTAL // 2, 3 * TOTAL // 4, TOTAL],
    ]
    assert tables.radius.dtype == tables.cdf.dtype == np.int32


def test_frequencies_come_back_as_they_were_given(tables):
    assert len(tables) == 3
    assert tables.frequencies(0).tolist() == list(CERTAIN_ZERO)
    assert tables.frequencies(1).tolist() == HALVES
    assert tables.frequencies(2).tolist() == QUARTERS


def test_a_set_is_restored_from_its_two_arrays_and_by_copy_and_pickle(tables):
    tables.model(1)
    for twin in (
        TableSet(tables.radius, tables.cdf),
        copy.deepcopy(tables),
        pickle.loads(pickle.dumps(tables)),
    ):
        np.testing.assert_array_equal(twin.radius, tables.radius)
        np.testing.assert_array_equal(twin.cdf, tables.cdf)


def test_the_arrays_cannot_be_changed(tables):
    with pytest.raises(ValueError, match="read-only"):
        tables.cdf[1, 1] = 7


def test_the_given_arrays_are_copied(tables):
    cdf = tables.cdf.copy()
    twin = TableSet(tables.radius, cdf)
    cdf[1, 1] = 7
    assert twin.cdf[1, 1] == TOTAL // 2


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, 0, 1, "table 1 must start at 0"),
        (2, 4, TOTAL - 1, "table 2 must end at"),
        (2, 2, TOTAL // 4, "table 2 must rise"),
        (2, 2, -5, "table 2 must rise"),
        (1, 3, TOTAL - 1, "table 1 must stay"),
        (2, 3, TOTAL - 1, "table 2 must give the escape symbol"),
        (0, 1, TOTAL // 2, "table 0 must be the placeholder"),
    ],
)
def test_a_damaged_row_is_refused_by_name(tables, row, column, value, message):
    cdf = tables.cdf.copy()
    cdf[row, column] = value
    with pytest.raises(ModelError, match=message):
        TableSet(tables.radius, cdf)


@pytest.mark.parametrize(
    ("radius", "cdf", "message"),
    [
        (np.zeros(0, int), np.zeros((0, 3), int), "1 to 256 entries"),
        ([[0]], [[0, TOTAL - 2, TOTAL]], "1 to 256 entries"),
        ([0] * 257, [[0, TOTAL - 2, TOTAL]] * 257, "1 to 256 entries"),
        ([-1], [[0]], "radius must lie"),
        ([2**31 - 1], [[0]], "radius must lie"),
        ([0], [0, TOTAL - 2, TOTAL], "cdf must have shape"),
        ([0], [[0, TOTAL - 2, TOTAL, TOTAL]], "cdf must have shape"),
        ([0], [[0.0, TOTAL - 2, TOTAL]], "cdf must hold integers"),
        ([0.0], [[0, TOTAL - 2, TOTAL]], "radius must hold integers"),
        ([1], [[0, TOTAL - 4, TOTAL - 3, TOTAL - 2, TOTAL]], "table 0 must be the placeholder"),
    ],
)
def test_arrays_of_another_form_are_refused(radius, cdf, message):
    with pytest.raises(ModelError, match=message):
        TableSet(radius, cdf)


@pytest.mark.parametrize("row", [[TOTAL], [1, 1, TOTAL - 2], [], QUARTERS[:2], [TOTAL - 1, 1]])
def test_frequencies_that_make_no_table_are_refused(row):
    with pytest.raises(ModelError, match="table 1"):
        TableSet.from_frequencies([row])


def test_ideal_bits_are_the_information_content_by_hand(tables):
    assert tables.ideal_bits([0, 0, 0], [0, 0, 0]) == 0
    assert tables.ideal_bits([-1, 0, 1, 0], [2, 2, 2, 1]) == 7
    escape_of_class_0 = 2 + 1 + 1
    escape_of_class_2 = 2 + 3 + 3
    assert tables.ideal_bits([2, -2, 5, -8], [2, 2, 2, 2]) == 2 * escape_of_class_0 + 2 * escape_of_class_2
    assert tables.ideal_bits([MAX_SYMBOL], [1]) == 1 + 15 + 16


def test_ideal_bits_agree_with_a_sum_symbol_by_symbol(make_part):
    symbols, indexes, tables = make_part(5, 2000, (0, 2, 31, 300))
    bits = 0.0
    for symbol, index in zip(symbols.tolist(), indexes.tolist(), strict=True):
        radius = int(tables.radius[index])
        if index == 0:
            continue
        if abs(symbol) <= radius:
            bits -= np.log2(tables.frequencies(index)[symbol + radius] / TOTAL)
        else:
            length = (abs(symbol) - radius).bit_length()
            bits += -np.log2(tables.frequencies(index)[-1] / TOTAL) + 2 * length
    assert tables.ideal_bits(symbols, indexes) == pytest.approx(bits, rel=1e-12)


def test_ideal_bits_take_arrays_of_any_shape(tables):
    assert tables.ideal_bits(np.ones((2, 3), int), np.full((2, 3), 2)) == 12
    assert tables.ideal_bits(np.zeros((0, 4), int), np.zeros((0, 4), int)) == 0


@pytest.mark.parametrize(
    ("symbols", "indexes", "message"),
    [
        ([1], [0], "index 0 must be 0"),
        ([0], [3], "must lie in 0..2"),
        ([0], [-1], "must lie in 0..2"),
        ([0, 0], [1], "one index per symbol"),
        ([MAX_SYMBOL + 1], [1], "symbols must lie within"),
        ([-(2**31)], [1], "symbols must lie within"),
        ([0.5], [1], "symbols must be integers"),
        ([0], [1.0], "indexes must be integers"),
    ],
)
def test_symbols_that_cannot_be_coded_have_no_cost(tables, symbols, indexes, message):
    with pytest.raises(ValueError, match=message):
        tables.ideal_bits(symbols, indexes)


@pytest.mark.parametrize(
    "bad", [[TOTAL], [TOTAL - 1, 1], [0, TOTAL], [5, 5], [[TOTAL - 2, 2]], [1.0, TOTAL - 1.0]]
)
def test_a_model_needs_frequencies_of_the_right_form(bad):
    with pytest.raises(ValueError, match="frequencies must be"):
        categorical(bad)
