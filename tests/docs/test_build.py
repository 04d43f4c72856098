"""docs/build.py: results to pages. The reports are made by the same code that ``cotam bench`` runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cotam.evaluation.rate import Point
from cotam.evaluation.rate_report import rate_report
from cotam.evaluation.reports import new_report, write_report
from cotam.evaluation.rivals import load_rivals

BUILD = Path(__file__).parents[2] / "docs" / "build.py"


def build(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILD), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository with one part in its README and one in docs/models.md."""
    (tmp_path / "docs" / "training").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "README.md").write_text("above\n<!-- begin:rate -->\n<!-- end:rate -->\nbelow\n")
    (tmp_path / "docs" / "models.md").write_text("<!-- begin:training -->\nstale\n<!-- end:training -->\n")
    return tmp_path


def write_rates(root: Path) -> None:
    """A report in which WebP needs exactly half of JPEG's bytes."""
    points = [
        Point(codec, "a.png", quality, size, size / 1000, 20 + quality / 5, 0.5 + quality / 250)
        for codec, factor in (("jpeg", 2), ("webp", 1))
        for quality in (10.0, 30.0, 50.0, 70.0, 90.0)
        for size in (round(10 * quality * factor),)
    ]
    report = rate_report(points, [], load_rivals(["jpeg", "webp"]), "jpeg")[0]
    write_report(root / "benchmarks" / "results" / "kodak_rate.json", {**new_report("rate"), **report})


def write_log(root: Path, steps: int) -> None:
    rows: list[dict[str, object]] = [
        {
            "step": step,
            "seconds": step / 5,
            "loss": 4 / step,
            "bpp": 1.0,
            "psnr": 20 + step / 100,
            "learning_rate": 0.001,
        }
        for step in range(50, steps + 1, 50)
    ]
    final = [{"quality": 10, "bpp": 0.123, "psnr": 27.5}]
    rows.append({"step": 50, "changed": {"balance": 0.5}})
    rows.append({"step": steps, "seconds": steps / 5, "validation": final})
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (root / "docs" / "training" / "cotam-s.log.jsonl").write_text(text)


def test_a_part_without_its_result_says_so(root: Path) -> None:
    assert build(root).returncode == 0
    assert "*Not measured yet (benchmarks/results/kodak_rate.json).*" in (root / "README.md").read_text()
    assert build(root, "--check").returncode == 0


def test_rates_become_a_table_and_the_rest_of_the_page_stays(root: Path) -> None:
    write_rates(root)
    assert build(root).returncode == 0
    text = (root / "README.md").read_text()
    assert (text[:6], text[-6:]) == ("above\n", "below\n")
    assert text.count("| WebP | −50.0 % (") == 1
    assert build(root, "--check").returncode == 0


def test_check_names_the_page_that_is_not_up_to_date_and_changes_nothing(root: Path) -> None:
    assert build(root).returncode == 0
    write_rates(root)
    before = (root / "README.md").read_text()
    done = build(root, "--check")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("README.md: not up to date")
    assert (root / "README.md").read_text() == before


def test_a_training_log_becomes_a_summary_and_a_curve(root: Path) -> None:
    write_log(root, 3600)
    assert build(root).returncode == 0
    text = (root / "docs" / "models.md").read_text()
    assert "3,600 steps in 0.20 hours; [cotam-s.log.jsonl]" in text
    assert "| 10 | 0.123 | 27.50 |" in text
    assert (root / "docs" / "training" / "cotam-s.png").read_bytes().startswith(b"\x89PNG")


def test_steps_and_time_of_runs_that_went_on_are_counted_on(root: Path) -> None:
    write_log(root, 3600)
    log = root / "docs" / "training" / "cotam-s.log.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    runs = [json.dumps({"run": run, **row}) + "\n" for run in ("first", "second") for row in rows]
    log.write_text("".join(runs))
    assert build(root).returncode == 0
    assert "7,200 steps in 0.40 hours" in (root / "docs" / "models.md").read_text()


def test_a_curve_of_another_log_is_not_up_to_date(root: Path) -> None:
    write_log(root, 600)
    assert build(root).returncode == 0
    assert build(root, "--check").returncode == 0
    write_log(root, 700)
    assert "docs/training/cotam-s.png: not up to date" in build(root, "--check").stderr


def test_a_part_of_unknown_name_is_an_error(root: Path) -> None:
    (root / "README.md").write_text("<!-- begin:rats -->\n<!-- end:rats -->\n")
    assert build(root).returncode != 0
