"""From a folder to a report, and from a cut-off run to the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cotam.analysis import analysing
from cotam.analysis.analysing import analyse
from cotam.analysis.coding import CodingPlan
from cotam.analysis.sources import LevelvqaScenes, PictureFolder
from cotam.analysis.towers import find_tower
from cotam.analysis.writing import write_analysis
from cotam.errors import ImageError
from cotam.evaluation.rivals import load_rivals
from cotam.vision import Tower

Towers = Callable[..., Tower]


@pytest.fixture
def pictures(tmp_path: Path, make_picture: Any) -> Path:
    """Four pictures of mixed sizes and modes, and a file that is none."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    for name, size in {"a.png": (90, 120), "b.png": (64, 64), "below/c.png": (50, 140)}.items():
        Image.fromarray(make_picture(*size, seed=len(name))).save(folder / name)
    Image.fromarray(make_picture(70, 80)).convert("L").save(folder / "grey.png")
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:200])
    return folder


@pytest.fixture
def plan() -> CodingPlan:
    return CodingPlan(tuple(load_rivals(["jpeg", "webp"])), "quality", (10.0, 60.0))


def report_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "analysis.json").read_text())


def test_mixed_pictures_are_analysed_and_what_is_unreadable_is_listed(
    pictures: Path, plan: CodingPlan, tower: Towers, tmp_path: Path
) -> None:
    t, source, done = tower("clip", 9), PictureFolder(pictures), []
    results, unreadable = analyse(t, source, plan, tmp_path / "kept", advance=done.append)
    assert results.names == ("a.png", "b.png", "below/c.png", "grey.png")
    assert [row.picture for row in unreadable] == ["torn.png"]
    assert sum(done) == len(source) == 5
    assert results.cosine.shape == (4, 2, 2, 10)
    embeddings = results.cosine[..., 0]
    assert (embeddings[:, :, 1] > embeddings[:, :, 0]).all()  # more bytes, more alike
    report = write_analysis(tmp_path, t, source, plan, results, unreadable)
    assert report == report_of(tmp_path)
    assert [row["picture"] for row in report["unreadable"]] == ["torn.png"]
    assert {len(row["cosine"]) for row in report["conditions"]} == {10}
    page = (tmp_path / "analysis.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "torn.png" in page
    assert "http" not in page
    for name in ("attention", "similarity", "slopes", "worst"):
        assert (tmp_path / f"analysis-{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_was_cut_off_goes_on_and_gives_the_same(
    pictures: Path, plan: CodingPlan, tower: Towers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, source, measure = tower("siglip"), PictureFolder(pictures), analysing.measure_versions
    measured: list[int] = []

    def until_the_third(*arguments: Any) -> Any:
        if len(measured) == 2:
            raise KeyboardInterrupt
        measured.append(1)
        return measure(*arguments)

    monkeypatch.setattr(analysing, "measure_versions", until_the_third)
    with pytest.raises(KeyboardInterrupt):
        analyse(t, source, plan, tmp_path / "kept")
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:100])  # damaged: to be measured anew
    monkeypatch.setattr(analysing, "measure_versions", lambda *given: measured.append(2) or measure(*given))
    resumed, _ = analyse(t, source, plan, tmp_path / "kept")
    assert measured == [1, 1, 2, 2, 2]
    whole, _ = analyse(t, source, plan, tmp_path / "anew")
    np.testing.assert_array_equal(resumed.cosine, whole.cosine)
    np.testing.assert_array_equal(resumed.original["mean_distance"], whole.original["mean_distance"])
    assert all(
        (a.arrays[n] == b.arrays[n]).all()
        for a, b in zip(resumed.measures, whole.measures, strict=True)
        for n in a.arrays
    )


def test_what_was_kept_of_another_tower_or_plan_is_not_taken(
    pictures: Path, plan: CodingPlan, tower: Towers, tmp_path: Path
) -> None:
    keep, source = tmp_path / "kept", PictureFolder(pictures)
    for family in ("clip", "internvit"):
        analyse(tower(family), source, plan, keep)
    analyse(tower("clip"), source, CodingPlan(plan.rivals, "quality", (10.0,)), keep)
    assert len(list(keep.iterdir())) == 3 * 4


def test_a_folder_of_nothing_readable_is_refused(plan: CodingPlan, tower: Towers, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ImageError, match=r"none can be read; the first: .*a\.png"):
        analyse(tower("clip"), PictureFolder(tmp_path), plan, tmp_path / "kept")


def test_scenes_are_analysed_as_pictures_are(plan: CodingPlan, tower: Towers, tmp_path: Path) -> None:
    t, source = tower("dinov2"), LevelvqaScenes(2)
    results, unreadable = analyse(t, source, plan, tmp_path / "kept")
    assert (len(results.names), unreadable) == (2, [])
    report = write_analysis(tmp_path, t, source, plan, results, unreadable)
    assert report["source"] == "LevelVQA scenes, test split"
    assert report["stages"] == {"attention": None, "similarity": None}  # three blocks


def test_the_embedded_tower_goes_by_its_name(
    tower_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cotam.analysis.towers.embedded_checkpoint", lambda: tower_folder("clip"))
    assert find_tower("embedded").name == "embedded"
    assert find_tower(str(tower_folder("siglip"))).family == "siglip"
