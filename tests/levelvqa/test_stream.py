from collections import Counter

import numpy as np
import pytest

from cotam.levelvqa.stream import MAX_SEED, Stream


def test_the_numbers_are_the_same_on_every_machine():
    stream = Stream(2**63 + 5, "graph", "x")
    assert [stream.below(1000) for _ in range(8)] == [434, 276, 417, 188, 977, 576, 506, 343]
    assert stream.bytes_array((2, 4)).tolist() == [[6, 65, 237, 78], [154, 5, 47, 12]]


def test_equal_paths_give_equal_numbers_and_others_do_not():
    first, same, other = Stream(1, "a", "b"), Stream(1, "a", "b"), Stream(1, "a", "c")
    numbers = [first.below(2**60) for _ in range(100)]
    assert numbers == [same.below(2**60) for _ in range(100)]
    assert numbers != [other.below(2**60) for _ in range(100)]


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_beyond_64_bits_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        Stream(seed)


def test_a_seed_that_is_not_whole_is_refused():
    with pytest.raises(TypeError):
        Stream(1.5)


def test_bounds_are_reached_and_kept():
    stream = Stream(3)
    assert Counter(stream.between(-2, 3) for _ in range(600)).keys() == set(range(-2, 4))
    assert {stream.chance(0) for _ in range(50)} == {False}
    assert {stream.chance(100) for _ in range(50)} == {True}


def test_numbers_are_about_uniform():
    counts = Counter(Stream(seed, "uniform").below(10) for seed in range(5000))
    assert all(400 < counts[number] < 600 for number in range(10))


def test_a_sample_has_no_item_twice_and_leaves_the_sequence_alone():
    items = list(range(20))
    sample = Stream(4).sample(items, 12)
    assert len(set(sample)) == 12
    assert set(sample) <= set(items)
    assert items == list(range(20))
    assert sorted(Stream(5).shuffled(items)) == items


def test_more_than_there_is_cannot_be_sampled():
    with pytest.raises(ValueError, match="cannot take 3 of 2"):
        Stream(0).sample("ab", 3)
    with pytest.raises(ValueError, match="no whole number"):
        Stream(0).choice([])


@pytest.mark.parametrize("shape", [0, 7, (3, 5), (2, 3, 4)])
def test_arrays_of_bytes_have_the_shape_asked_for(shape):
    array = Stream(6).bytes_array(shape)
    assert array.dtype == np.uint8
    assert array.shape == ((shape,) if isinstance(shape, int) else shape)


def test_bytes_are_about_uniform():
    counts = np.bincount(Stream(7).bytes_array(256 * 400), minlength=256)
    assert counts.min() > 300
    assert counts.max() < 500
