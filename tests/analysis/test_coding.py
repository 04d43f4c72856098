from typing import Any

import numpy as np
import pytest

from cotam.analysis.coding import CodingPlan, code_once, code_versions
from cotam.analysis.rate_matching import REACH, SizeSearch
from cotam.errors import ImageError
from cotam.evaluation.rivals import load_rivals


@pytest.mark.parametrize("target", [130, 900, 5000, 80_000])
@pytest.mark.parametrize(
    "curve", [lambda q: 100 * 1.09**q, lambda q: 100 + q**2.6, lambda q: 90 + 40 * (q // 3)]
)
def test_the_nearest_size_is_found_in_few_trials(target: int, curve: Any) -> None:
    trials: list[int] = []

    def size_of(quality: int) -> int:
        trials.append(quality)
        return int(curve(quality))

    quality = SizeSearch(size_of, 1, 95).nearest(target)
    sizes = {q: abs(np.log(int(curve(q)) / target)) for q in range(1, 96)}
    best = min(sizes.values())
    if quality is None:
        assert best > np.log1p(REACH)
    else:
        assert sizes[quality] <= max(best, 0.04) + 1e-9
    assert len(trials) == len(set(trials)) <= 12


def test_later_targets_begin_where_earlier_ones_have_been() -> None:
    trials: list[int] = []
    search = SizeSearch(lambda q: trials.append(q) or int(100 * 1.05**q), 1, 95)
    assert [search.nearest(target) for target in (300, 1000, 300, 1000)][:2] == [23, 47]
    assert len(trials) == len(set(trials)) <= 5


def test_each_rate_is_met_or_left_out(make_picture: Any) -> None:
    plan = CodingPlan(tuple(load_rivals(["jpeg", "webp"])), "bpp", (0.01, 0.8, 1.6))
    versions = code_versions(plan, "a.png", make_picture(96, 128))
    assert {(v.codec, v.setting) for v in versions} == {(0, 1), (0, 2), (1, 1), (1, 2)}
    for version in versions:
        assert version.bpp == pytest.approx(plan.settings[version.setting], rel=0.15)
        assert version.pixels.shape == (96, 128, 3)


def test_qualities_are_taken_as_they_are(make_picture: Any) -> None:
    picture = make_picture(40, 48)
    (rival,) = load_rivals(["jpeg"])
    versions = code_versions(CodingPlan((rival,), "quality", (10.0, 80.0)), "a.png", picture)
    assert [version.quality for version in versions] == [10, 80]
    assert versions[0].bpp < versions[1].bpp
    np.testing.assert_array_equal(versions[1].pixels, code_once(rival, picture, 80))


def test_a_picture_that_a_codec_cannot_take_is_named() -> None:
    plan = CodingPlan(tuple(load_rivals(["webp"])), "quality", (10.0,))
    with pytest.raises(ImageError, match=r"long\.png: webp cannot code it"):
        code_versions(plan, "long.png", np.zeros((1, 20_000, 3), np.uint8))


def test_plans_that_cannot_be_are_refused() -> None:
    rivals = tuple(load_rivals(["jpeg"]))
    with pytest.raises(ValueError, match="qualities must be from 1 to 100, not 0"):
        CodingPlan(rivals, "quality", (0.0,))
    with pytest.raises(ValueError, match="bpp must be from"):
        CodingPlan(rivals, "bpp", (100.0,))
    with pytest.raises(ValueError, match="needs a codec and a quality"):
        CodingPlan(rivals, "bpp", ())
    assert CodingPlan(rivals, "bpp", (1.0,)).identity != CodingPlan(rivals, "bpp", (2.0,)).identity
