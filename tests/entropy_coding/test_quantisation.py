import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotam.entropy_coding import PRECISION, quantise_probabilities

TOTAL = 1 << PRECISION


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e30), min_size=2, max_size=200).filter(lambda p: sum(p) > 0))
def test_frequencies_sum_to_the_total_and_leave_no_symbol_out(probabilities):
    frequencies = quantise_probabilities(probabilities)
    assert frequencies.sum() == TOTAL
    assert frequencies.min() >= 1
    assert frequencies[-1] >= 2


def test_frequencies_follow_the_probabilities():
    probabilities = np.random.default_rng(3).dirichlet(np.full(50, 0.5))
    frequencies = quantise_probabilities(probabilities)
    assert np.abs(frequencies - probabilities * TOTAL).max() <= 52


def test_the_largest_remainders_get_what_is_left_and_ties_go_to_the_first():
    spare = TOTAL - 4
    assert quantise_probabilities([1, 1, 1]).tolist() == [spare // 3 + 1, spare // 3 + 1, spare // 3 + 2]
    assert spare % 3 == 0
    spare = TOTAL - 6
    assert spare % 5 == 0
    assert quantise_probabilities(np.ones(4)).tolist() == [(TOTAL - 5) // 4 + extra for extra in (2, 2, 2, 2)]


def test_certain_symbols_stay_codable():
    assert quantise_probabilities([0, 1, 0]).tolist() == [1, TOTAL - 3, 2]


def test_scale_does_not_matter():
    probabilities = np.array([0.125, 0.5, 0.25, 0.125])
    np.testing.assert_array_equal(
        quantise_probabilities(probabilities), quantise_probabilities(probabilities * 1024)
    )


@pytest.mark.parametrize("bad", [[], [1.0], [0, 0], [1, -1], [1, np.nan], [1, np.inf], [[1, 1]]])
def test_what_is_no_distribution_is_refused(bad):
    with pytest.raises(ValueError, match="probabilities must be"):
        quantise_probabilities(bad)
