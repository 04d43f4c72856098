import numpy as np
import pytest

from cotam.codec import Guide, LevelMap
from cotam.evaluation.human import look, raised_pixels, summary
from cotam.guidance import LevelOptions, MapGuidance, UniformGuidance
from cotam.metrics import ms_ssim, psnr


def corner() -> Guide:
    """The upper left quarter is important."""
    drawn = np.zeros((4, 4), np.float32)
    drawn[:2, :2] = 1
    return Guide(MapGuidance(drawn), LevelOptions(grid=4, strength=20))


@pytest.fixture(scope="module")
def seen(shipped_codec, make_picture):
    return list(look(shipped_codec, corner(), "p", make_picture(128, 128), (30.0, 60.0)))


def test_each_quality_is_seen_uniform_and_guided_in_no_more_bytes(seen):
    assert [(row.quality, row.way) for row in seen] == [
        (30, "uniform"),
        (30, "guided"),
        (60, "uniform"),
        (60, "guided"),
    ]
    for uniform, guided in (seen[:2], seen[2:]):
        assert guided.bytes <= uniform.bytes
        assert uniform.bpp == 8 * uniform.bytes / 128**2


def test_guidance_moves_quality_into_the_raised_cells(seen):
    uniform, guided = seen[:2]
    assert uniform.raised_share == guided.raised_share == 0.25
    assert guided.psnr_raised > uniform.psnr_raised
    assert guided.ms_ssim_raised > uniform.ms_ssim_raised
    assert guided.psnr_elsewhere < uniform.psnr_elsewhere


def test_the_parts_make_up_the_whole(seen):
    row = seen[0]
    errors = [10 ** (-value / 10) for value in (row.psnr_raised, row.psnr_elsewhere)]
    assert -10 * np.log10(0.25 * errors[0] + 0.75 * errors[1]) == pytest.approx(row.psnr)


def test_whole_pictures_are_measured_as_the_metrics_do(shipped_codec, make_picture, seen):
    pixels = make_picture(128, 128)
    decoded = np.asarray(shipped_codec.decode(shipped_codec.encode(pixels, 30)))
    assert seen[0].psnr == psnr(pixels, decoded)
    assert seen[0].ms_ssim == ms_ssim(pixels, decoded)


def test_where_nothing_is_raised_there_is_no_figure_for_it(random_codec, make_picture):
    rows = list(look(random_codec, Guide(UniformGuidance()), "p", make_picture(64, 64), (50.0,)))
    assert {(row.psnr_raised, row.ms_ssim_raised, row.raised_share) for row in rows} == {(None, None, 0)}
    assert all(row.psnr_elsewhere == row.psnr for row in rows)
    assert summary(rows)[0]["psnr_raised"] is None


def test_pixels_of_raised_cells():
    raised = raised_pixels(LevelMap(np.array([[1, 0], [-1, 0]])), 4, 6)
    assert raised.tolist() == [[True] * 3 + [False] * 3] * 2 + [[False] * 6] * 2


def test_means_are_taken_by_quality_and_way(seen):
    means = summary([*seen, *seen])
    assert [(row["quality"], row["way"], row["pictures"]) for row in means] == [
        (30, "guided", 2),
        (30, "uniform", 2),
        (60, "guided", 2),
        (60, "uniform", 2),
    ]
    assert means[1]["psnr"] == pytest.approx(seen[0].psnr)
