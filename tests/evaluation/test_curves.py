import pytest

from cotam.evaluation.curves import MAX_RATE, Curve, CurvePoint, difference, differences, mean_curves
from cotam.evaluation.rate import Point


def curve(codec: str, factor: float, count: int = 6) -> Curve:
    """0.1, 0.2, 0.3, ... bits per pixel times ``factor``, 2 dB apart."""
    steps = range(1, count + 1)
    return Curve(codec, tuple(CurvePoint(n, 0.1 * n * factor, 20 + 2.0 * n, 5 + 2.0 * n) for n in steps))


def point(picture: str, quality: float, psnr: float, ms_ssim: float = 0.9) -> Point:
    return Point("c", picture, quality, 100, 0.5 * quality, psnr, ms_ssim)


def test_half_the_rate_everywhere_is_minus_fifty_per_cent():
    found = difference(curve("b", 0.5), curve("a", 1.0), "psnr")
    assert found.percent == pytest.approx(-50)
    assert (found.low, found.high) == (22, 32)
    assert found.problem is None


def test_points_beyond_the_highest_rate_do_not_count():
    anchor = Curve("a", (*curve("a", 1.0).points, CurvePoint(99, MAX_RATE + 0.1, 50, 50)))
    tested = Curve("b", (*curve("b", 0.5).points, CurvePoint(99, MAX_RATE + 9, 50.5, 50)))
    assert difference(tested, anchor, "psnr").percent == pytest.approx(-50)


def test_curves_without_common_quality_have_no_figure_but_a_reason():
    far = Curve("b", tuple(CurvePoint(n, n, 90.0 + n, 90.0 + n) for n in (0.5, 1.0)))
    found = difference(far, curve("a", 1.0), "ms_ssim_db")
    assert found.percent is None
    assert "share no range" in found.problem


def test_every_codec_is_compared_with_every_other_one_both_ways():
    found = differences([curve("a", 1.0), curve("b", 0.5), curve("c", 2.0)])
    assert len(found) == 3 * 2 * 2
    assert {(row.anchor, row.codec) for row in found} == {(a, b) for a in "abc" for b in "abc" if a != b}


def test_means_are_taken_over_pictures_at_equal_quality():
    (found,) = mean_curves([point("x", 2, 30), point("y", 2, 40), point("x", 1, 20), point("y", 1, 24)])
    assert [(p.quality, p.psnr, p.bpp) for p in found.points] == [(1, 22, 0.5), (2, 35, 1.0)]


def test_similarity_is_averaged_before_it_is_put_in_decibels():
    (found,) = mean_curves([point("x", 1, 30, 0.85), point("y", 1, 30, 0.95)])
    assert found.points[0].ms_ssim_db == pytest.approx(10)


def test_qualities_with_different_pictures_are_refused():
    with pytest.raises(ValueError, match="same pictures"):
        mean_curves([point("x", 1, 30), point("y", 1, 30), point("x", 2, 30)])
