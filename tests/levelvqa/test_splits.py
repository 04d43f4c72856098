from itertools import combinations

import pytest

from cotam.levelvqa.splits import SPLITS, split_of, split_seeds


def test_no_seed_is_in_two_splits_and_all_are_in_one():
    for one, other in combinations(SPLITS.values(), 2):
        assert one.stop <= other.start or other.stop <= one.start
    assert min(seeds.start for seeds in SPLITS.values()) == 0
    assert max(seeds.stop for seeds in SPLITS.values()) == 2**64


@pytest.mark.parametrize("split", SPLITS)
def test_seeds_of_a_split_begin_at_the_offset(split):
    seeds = split_seeds(split, 5, start=10)
    assert len(seeds) == 5
    assert seeds.start == SPLITS[split].start + 10
    assert {split_of(seed) for seed in seeds} == {split}


def test_an_unknown_split_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="unknown split 'dev'; there are train, validation, test"):
        split_seeds("dev", 1)


@pytest.mark.parametrize(("num", "start"), [(0, 0), (-1, 0), (1, -1), (2, 2**63 - 1)])
def test_scenes_that_a_split_has_not_are_refused(num, start):
    with pytest.raises(ValueError, match="scenes"):
        split_seeds("test", num, start)


def test_a_seed_out_of_range_belongs_to_no_split():
    with pytest.raises(ValueError, match="seed must be"):
        split_of(2**64)
