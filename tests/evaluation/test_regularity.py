from cotam.bitstream.limits import STILL_OVERHEAD_BYTES
from cotam.evaluation.rate import Point
from cotam.evaluation.regularity import excesses, falls


def point(quality: float, size: int, psnr: float, picture: str = "a", ideal: float | None = None) -> Point:
    return Point("cotam-s", picture, quality, size, 1.0, psnr, 0.9, ideal)


def test_rising_bytes_and_psnr_have_no_falls():
    assert falls([point(20, 200, 31), point(10, 100, 30), point(1, 100, 30)]) == []


def test_a_fall_names_picture_measure_and_place():
    points = [point(1, 100, 30), point(10, 99, 31), point(1, 50, 30, "b"), point(10, 60, 29.5, "b")]
    found = [(fall.picture, fall.measure, fall.qualities, fall.values) for fall in falls(points)]
    assert found == [("a", "bytes", (1, 10), (100, 99)), ("b", "psnr", (1, 10), (30, 29.5))]


def test_qualities_between_the_decades_do_not_count():
    assert falls([point(10, 100, 30), point(15, 90, 29), point(20, 110, 31)]) == []


def test_excess_is_payload_over_ideal_and_the_worst_comes_first():
    small = point(10, STILL_OVERHEAD_BYTES + 101, 30, ideal=800)
    large = point(20, STILL_OVERHEAD_BYTES + 1019, 30, ideal=8000)
    found = excesses([small, large, point(30, 5, 30)])
    assert [(excess.quality, excess.excess_bytes) for excess in found] == [(20, 19), (10, 1)]
    assert [excess.within for excess in found] == [False, True]
