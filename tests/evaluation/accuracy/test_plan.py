import pytest

from cotam.evaluation.accuracy.plan import LOSSLESS, Plan, Rate
from cotam.evaluation.methods import load_methods


def test_rates_are_those_of_the_plan_rising_and_one_where_nothing_can_be_chosen():
    plan = Plan(("png", "jpeg"), bpps=(0.5, 0.2, 0.5))
    png, jpeg = load_methods(plan.methods)
    assert plan.rates(jpeg) == (Rate("bpp", 0.2), Rate("bpp", 0.5))
    assert plan.rates(png) == (LOSSLESS,)
    assert [rate.label for rate in (*plan.rates(jpeg), LOSSLESS)] == ["bpp 0.2", "bpp 0.5", "lossless"]


def test_blocks_hold_all_scenes_once_in_order():
    plan = Plan(("jpeg",), qualities=(50,), num=19, seed_start=3)
    blocks = list(plan.blocks())
    assert [len(block) for block in blocks] == [8, 8, 3]
    assert [seed for block in blocks for seed in block] == list(range(2**63 + 3, 2**63 + 22))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one of them"),
        ({"qualities": (5.0,), "bpps": (1.0,)}, "one of them"),
        ({"qualities": (0.0,)}, "from 1 to 100, not 0"),
        ({"bpps": (0.0,)}, "above 0"),
        ({"bpps": (float("nan"),)}, "above 0"),
        ({"bpps": (1.0,), "jpeg_shares": (0.2,)}, "one of them"),
        ({"jpeg_shares": (1.5,)}, "at most 1, not 1.5"),
        ({"bpps": (0.1,), "num": 0}, "at least 1"),
        ({"bpps": (0.1,), "split": "dev"}, "unknown split"),
        ({"bpps": (0.1,), "size": 99}, "224"),
        ({"bpps": (0.1,), "methods": ("gif",)}, "unknown method 'gif'"),
    ],
)
def test_an_impossible_plan_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        Plan(**{"methods": ("jpeg",), **options})
