"""docs/analysis.md: a report, made by the code that ``cotam analyze`` runs, becomes a page."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cotam.analysis.evidence import gather
from cotam.analysis.measuring import CURVES
from cotam.analysis.report import analysis_report
from cotam.analysis.results import Results
from cotam.evaluation.rate import Unreadable
from cotam.evaluation.reports import new_report, write_report

ROOT = Path(__file__).parents[2]
PICTURES = 6
TOWER = {"name": "embedded", "family": "clip", "blocks": 12, "heads": 3, "width": 192, "input": [224, 224]}


def report(blocks: int = 12) -> dict[str, Any]:
    """Two codecs at two rates, a U over depth and a fall at block 8; one picture does not reach 0.1 bpp with JPEG."""
    u = np.array([8, 7.5, 7, 6.5, 3, 3, 3, 3, 5, 6.5, 8, 9.5])[:blocks]
    fall = np.array([1, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.7, 0.68, 0.72, 0.76])[: blocks + 1]
    bpp = np.tile([0.1, 0.4], (PICTURES, 2, 1))
    bpp[0, 0, 0] = np.nan
    cosine = np.where(np.isnan(bpp)[..., None], np.nan, fall)
    results = Results(
        names=tuple("abcdef"),
        codecs=("jpeg", "webp"),
        kind="bpp",
        settings=(0.1, 0.4),
        grid=(14, 14),
        original={name: np.tile(u / 10, (PICTURES, 1)) for name in CURVES},
        coded={name: np.tile(u / 10, (PICTURES, 2, 2, 1)) for name in CURVES},
        cosine=cosine,
        cka=cosine,
        bpp=bpp,
        quality=bpp * 100,
    )
    figures = analysis_report(results, results, gather(results), [], [Unreadable("g", "g: torn")])
    head = {**new_report("analysis"), "tower": {**TOWER, "patch": 16, "prefix_tokens": 1}}
    return {**head, "source": "pictures of kodak", "settings": [], **figures}


def built(root: Path, figures: dict[str, Any] | None, plots: tuple[str, ...] = ()) -> str:
    (root / "docs").mkdir(parents=True)
    (root / "README.md").write_text("")
    (root / "benchmarks" / "results").mkdir(parents=True)
    (root / "docs" / "analysis.md").write_text((ROOT / "docs" / "analysis.md").read_text("utf-8"), "utf-8")
    memory = Path("benchmarks", "results", "analysis_memory.json")
    (root / memory).write_bytes((ROOT / memory).read_bytes())
    target = root / "benchmarks" / "results" / "analysis.json"
    target.unlink(missing_ok=True)
    if figures is not None:
        write_report(target, figures)
    for name in plots:
        target.with_name(f"analysis-{name}.png").write_bytes(b"")
    for arguments in ([], ["--check"]):
        command = [sys.executable, str(ROOT / "docs" / "build.py"), "--root", str(root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return (root / "docs" / "analysis.md").read_text("utf-8")


def test_without_a_report_every_part_says_so(tmp_path: Path) -> None:
    assert built(tmp_path, None).count("*Not measured yet (benchmarks/results/analysis.json).*") == 7


def test_a_report_fills_every_part(tmp_path: Path) -> None:
    page = built(tmp_path, report(), ("attention", "similarity"))
    assert "Not measured" not in page
    assert "Tower `embedded` (clip): 12 blocks, 3 heads, 192 wide, 224 px in patches of 16" in page
    assert "6 pictures of kodak; 1 files left out; codecs JPEG, WebP, wanted 0.1, 0.4 bpp" in page
    assert "| Similarity falls sharpest at the start of stage 3 | **holds** | sharpest in block 8;" in page
    assert "| attention of the originals | 4 [4, 4] | 8 [8, 8] |" in page
    assert "| JPEG (5 pictures) | 0.1 bpp | 0.100 | 1.000 | 0.960 | 0.920 | 0.760 | 0.760 |" in page
    assert "![Similarity by layer](../benchmarks/results/analysis-similarity.png)" in page
    assert "analysis-slopes.png" not in page
    assert "*No answers of a model were given.*" in page


def test_a_tower_without_stages_gives_a_page_too(tmp_path: Path) -> None:
    page = built(tmp_path, report(blocks=6))
    assert "*The tower has too few blocks for three stages.*" in page
    assert page.count("**cannot be tested here**") == 9


@pytest.mark.parametrize("name", ["counted", "rate", "cka", "slopes_low", "top1_distance"])
def test_conditions_have_what_plots_and_tables_ask_for(name: str) -> None:
    assert all(name in row for row in report()["conditions"])
