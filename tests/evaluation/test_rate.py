from pathlib import Path

import pytest

from cotam.errors import ImageError
from cotam.evaluation.rate import (
    CEILING_DB,
    Unreadable,
    measure,
    pictures_of,
    readable_pictures,
    similarity_db,
)
from cotam.evaluation.rate_report import measure_all, rate_report
from cotam.evaluation.rivals import Coded, load_rivals
from cotam.evaluation.synthetic import synthetic_picture


class Lossless:
    """A rival that keeps pixels as they are, and pads to a size that the quality says."""

    name, settings, qualities = "lossless", "", (1.0, 2.0)

    def encoder(self, pixels):
        return lambda quality: Coded(pixels.tobytes() + bytes(int(quality)), 8.0)

    def decode(self, data):
        return synthetic_picture(16, 8)


def test_every_byte_of_the_file_counts():
    pixels = synthetic_picture(16, 8)
    points = list(measure(Lossless(), "a", pixels, (1.0, 2.0)))
    assert [point.bytes for point in points] == [16 * 8 * 3 + 1, 16 * 8 * 3 + 2]
    assert points[0].bpp == 8 * points[0].bytes / (16 * 8)


def test_an_exact_copy_counts_as_the_ceiling_and_stays_finite():
    point = next(measure(Lossless(), "a", synthetic_picture(16, 8), (1.0,)))
    assert point.psnr == CEILING_DB
    assert point.ms_ssim == 1
    assert similarity_db(point.ms_ssim) == CEILING_DB


def test_similarity_in_decibels_counts_nines():
    assert similarity_db(0.9) == pytest.approx(10)
    assert similarity_db(0.99) == pytest.approx(20)


def test_files_that_are_no_pictures_are_listed_with_the_reason(pictures: Path):
    (pictures / "broken.png").write_bytes(b"no picture")
    found = list(readable_pictures(pictures))
    assert [name for name, _ in (item for item in found if not isinstance(item, Unreadable))] == [
        "a.png",
        "below/b.png",
    ]
    (broken,) = (item for item in found if isinstance(item, Unreadable))
    assert broken.picture == "broken.png"
    assert "not a picture" in broken.reason


def test_a_folder_without_pictures_is_refused(tmp_path: Path):
    with pytest.raises(ImageError, match="holds no pictures"):
        pictures_of(tmp_path)
    with pytest.raises(ImageError, match="no such folder"):
        pictures_of(tmp_path / "none")


def test_the_report_holds_every_point_and_accounts_for_every_step(pictures: Path, random_model_path: Path):
    (pictures / "broken.png").write_bytes(b"no picture")
    rivals, steps = load_rivals(["jpeg", "cotam-s"], str(random_model_path)), []
    points, unreadable = measure_all(pictures, rivals, (10.0, 50.0, 90.0), steps.append)
    assert sum(steps) == 3 * 2 * 3
    report, curves, against = rate_report(points, unreadable, rivals, "jpeg")
    assert report["pictures"] == 2
    assert len(report["points"]) == 2 * 2 * 3
    assert [curve.codec for curve in curves] == ["jpeg", "cotam-s"]
    assert {(row.codec, row.anchor) for row in against} == {("jpeg", "cotam-s"), ("cotam-s", "jpeg")}
    assert report["regularity"]["over_qualities"] == [10, 50, 90]
    assert report["regularity"]["coded_size_within_bound"] is True
