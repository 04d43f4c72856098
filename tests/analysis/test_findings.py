"""Findings from curves that were made to show them, or not to."""

from typing import Any

import numpy as np
import pytest

from cotam.analysis.accuracy import ConditionAccuracy, losses
from cotam.analysis.evidence import gather
from cotam.analysis.findings import Finding, findings
from cotam.analysis.measuring import CURVES
from cotam.analysis.results import Results, at_matched_rates
from cotam.analysis.worst import worst_pictures
from cotam.levelvqa.scoring import Accuracy

PICTURES = 10
U_CURVE = [8, 7.5, 7, 6.5, 3, 3, 3, 3, 5, 6.5, 8, 9.5]
FLAT = [5.0] * 12
SLOW_THEN_SHARP = [1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.7, 0.68, 0.72, 0.76]
STEADY = list(np.linspace(1, 0.7, 13))
RISING, LEVEL = [0.01] * 8 + [0.2] * 4, [0.01] * 12


def results(
    distance: list[float] = U_CURVE,
    cosine: list[float] = SLOW_THEN_SHARP,
    summary: list[float] = RISING,
    noise: float = 0.001,
    **changes: Any,
) -> Results:
    """Ten pictures, two codecs, two rates, around given curves."""
    rng = np.random.default_rng(0)

    def around(curve: list[float], *shape: int) -> np.ndarray:
        return np.array(curve) + rng.normal(scale=noise, size=(PICTURES, *shape, len(curve)))

    curves = dict(zip(CURVES, (distance, distance, summary, FLAT), strict=True))
    parts = {
        "names": tuple(f"{number}.png" for number in range(PICTURES)),
        "codecs": ("jpeg", "webp"),
        "kind": "bpp",
        "settings": (0.1, 0.4),
        "grid": (14, 14),
        "original": {name: around(curve) for name, curve in curves.items()},
        "coded": {name: around(curve, 2, 2) for name, curve in curves.items()},
        "cosine": around(cosine, 2, 2),
        "cka": around(cosine, 2, 2),
        "bpp": np.tile([0.1, 0.4], (PICTURES, 2, 1)),
        "quality": np.full((PICTURES, 2, 2), 30.0),
    }
    return Results(**{**parts, **changes})


def decided(given: Results, accuracy: tuple[ConditionAccuracy, ...] = ()) -> dict[str, Finding]:
    return {finding.claim: finding for finding in findings(gather(given, accuracy))}


def verdicts(given: Results) -> list[str]:
    return [finding.verdict for finding in decided(given).values()]


def test_curves_as_the_paper_draws_them_hold() -> None:
    found = verdicts(results())
    assert found[:6] == ["holds"] * 6
    assert found[6:8] == ["cannot be tested here"] * 2
    assert found[8] == "holds"
    assert "sharpest in block 8; stage 3 begins at block 8" in findings(gather(results()))[4].evidence


def test_curves_of_another_kind_do_not_hold() -> None:
    found = decided(results(U_CURVE[::-1], STEADY, LEVEL))
    assert found["Deep layers converge on a few summary tokens"].verdict == "does not hold"
    assert found["Similarity falls slowly and linearly in stages 1 and 2"].verdict == "does not hold"
    assert found["Similarity recovers late in stage 3"].verdict == "does not hold"
    falling = decided(results(list(np.linspace(9, 3, 12))))
    assert falling["D_avg is U-shaped over depth"].verdict == "does not hold"


def test_a_steady_fall_is_sharpest_nowhere_in_particular() -> None:
    assert (
        decided(results(cosine=STEADY))["Similarity falls sharpest at the start of stage 3"].verdict
        != "holds"
    )


def test_what_differs_from_picture_to_picture_is_undecided() -> None:
    shallow = [5 + value / 8 for value in U_CURVE]
    assert decided(results(shallow, noise=1))["D_avg is U-shaped over depth"].verdict == "undecided"


def test_a_trifle_is_no_finding_however_sure() -> None:
    trifle = [5 + value / 1000 for value in U_CURVE]
    assert decided(results(trifle, noise=1e-6))["D_avg is U-shaped over depth"].verdict == "does not hold"


def test_a_tower_of_few_blocks_cannot_be_tested() -> None:
    given = results(U_CURVE[:8], SLOW_THEN_SHARP[:9], RISING[:8])
    assert all(verdict == "cannot be tested here" for verdict in verdicts(given))


def test_rates_that_few_pictures_reach_do_not_count() -> None:
    given = results()
    given.bpp[2:, 0, 0] = given.cosine[2:, 0, 0] = np.nan
    assert gather(given).counted.tolist() == [[False, True], [True, True]]
    given.bpp[:], given.cosine[:] = np.nan, np.nan
    found = decided(given)
    assert found["Similarity recovers late in stage 3"].verdict == "cannot be tested here"
    assert found["D_avg is U-shaped over depth"].verdict == "holds"


def accuracy(codec: str, bpp: float | None, *percents: float) -> ConditionAccuracy:
    levels = {
        level: Accuracy(100, round(percent), percent, percent - 5, percent + 5)
        for level, percent in zip(("low", "cross", "high"), percents, strict=True)
    }
    return ConditionAccuracy(codec, bpp, levels)


@pytest.mark.parametrize(
    ("cross", "verdict"), [((50, 60), "holds"), ((50, 88), "undecided"), ((88, 88), "does not hold")]
)
def test_the_level_that_loses_most_is_told(cross: tuple[float, float], verdict: str) -> None:
    rows = (
        accuracy("original", None, 95, 90, 90),
        accuracy("jpeg", 0.1, 90, cross[0], 85),
        accuracy("jpeg", 0.4, 92, cross[1], 88),
    )
    found = decided(results(), rows)[
        "Cross-level tasks collapse first; low-level and coarse high-level ones hold"
    ]
    assert found.verdict == verdict
    assert losses(rows)["jpeg", 0.1] == {"low": 5, "cross": 90 - cross[0], "high": 5}
    assert losses(rows[1:]) == {}


def test_qualities_are_brought_to_rates_by_interpolation() -> None:
    given = results(kind="quality", settings=(10.0, 50.0))
    given.bpp[:, 0], given.bpp[:, 1] = (0.1, 0.4), (0.2, 0.8)
    given.cosine[:, :, 0], given.cosine[:, :, 1] = 0.5, 0.9
    matched = at_matched_rates(given)
    rates = np.geomspace(0.2, 0.4, 6)[1:-1]
    assert matched.kind == "bpp"
    np.testing.assert_allclose(matched.settings, rates, rtol=0.01)
    np.testing.assert_allclose(matched.bpp[0, 0], rates)
    share = np.log(rates / 0.1) / np.log(4)  # of the way from the first to the second quality, in ln(bpp)
    np.testing.assert_allclose(matched.cosine[:, 0, :, 3], np.tile(0.5 + 0.4 * share, (PICTURES, 1)))


def test_rates_that_a_picture_does_not_cover_are_left_out() -> None:
    given = results(kind="quality", settings=(10.0, 50.0))
    given.bpp[0, 0] = 0.35, 0.4
    assert np.isnan(at_matched_rates(given).cosine[0, 0, :3]).all()


def test_codecs_without_a_common_rate_are_compared_by_quality() -> None:
    given = results(kind="quality", settings=(10.0, 50.0))
    given.bpp[:, 1] = 0.5, 0.9
    assert at_matched_rates(given) is given


def test_the_worst_pictures_come_first_and_once() -> None:
    from cotam.analysis.kept_measures import PictureMeasures

    given = results()
    given.cosine[3, 1, 0, -1], given.cosine[7, 0, 1, -1] = 0.1, 0.2
    maps = {"cosine_cells": np.zeros((2, 2, 13, 196), np.float16), "inflow": np.zeros((12, 196), np.float16)}
    given = Results(**{**vars(given), "measures": (PictureMeasures(maps),) * PICTURES})
    worst = worst_pictures(given, 4)
    assert [(row.name, row.codec) for row in worst[:2]] == [("3.png", "webp"), ("7.png", "jpeg")]
    assert len({row.name for row in worst}) == 4
    assert worst[0].cells.shape == (13, 14, 14)


def test_answers_at_rates_that_few_pictures_reach_do_not_count() -> None:
    given = results()
    given.bpp[2:, 0, 0] = given.cosine[2:, 0, 0] = np.nan
    rows = tuple(
        accuracy(*row, 90, 80, 85) for row in (("jpeg", 0.1), ("webp", 0.1), ("jpeg", 0.4), ("png", 0.1))
    )
    kept = gather(given, (accuracy("original", None, 95, 90, 90), *rows)).accuracy
    assert [(row.codec, row.bpp) for row in kept] == [
        ("original", None),
        ("webp", 0.1),
        ("jpeg", 0.4),
        ("png", 0.1),
    ]
