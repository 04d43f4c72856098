import json
import re

import pytest

from cotam.errors import CotamError
from cotam.evaluation.accuracy.cache import AnswerCache
from cotam.evaluation.accuracy.cells import accuracy_table, bd_table, time_table
from cotam.evaluation.accuracy.pages import write_pages
from cotam.evaluation.accuracy.plan import Plan
from cotam.evaluation.accuracy.report import accuracy_report, choose_anchor
from cotam.evaluation.accuracy.run import evaluate
from cotam.evaluation.methods import load_methods


@pytest.fixture
def report(pretended, tmp_path):
    plan = Plan(("png", "jpeg", "webp"), bpps=(0.05, 1.2), num=2, similarity=2)
    measured = evaluate(plan, load_methods(plan.methods), pretended(2), AnswerCache(tmp_path / "cache"))
    return {"command": "cotam <eval>", **accuracy_report(measured, "jpeg")}


def test_all_files_are_written_and_the_page_needs_none_of_the_others(report, tmp_path):
    folder = tmp_path / "new" / "folder"
    files = {path.name for path in write_pages(report, folder)}
    assert files == {
        "report.json",
        "report.md",
        "report.html",
        "accuracy.png",
        "levels.png",
        "similarity.png",
    }
    assert json.loads((folder / "report.json").read_text()) == report
    page = (folder / "report.html").read_text()
    assert "cotam &lt;eval&gt;" in page
    assert page.count('src="data:image/png;base64,') == 3
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert (folder / "accuracy.png").read_bytes().startswith(b"\x89PNG")


def test_the_tables_have_a_row_for_every_point_and_method(report):
    rows = accuracy_table(report).rows
    assert [row[0] for row in rows] == ["png"] + 2 * ["jpeg"] + 2 * ["webp"]
    assert "pictures larger" in rows[1][1]
    assert {row[0]: row[1] for row in bd_table(report).rows}["png"] == "n/a"
    assert len(time_table(report).rows) == 5


def test_a_folder_that_is_a_file_is_refused_before_anything_is_drawn(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CotamError, match="no folder can be made"):
        write_pages({}, tmp_path / "file")


def test_the_anchor_is_the_wanted_one_or_the_base_codec():
    assert choose_anchor(["jpeg", "cotam-s"], None) == "cotam-s"
    assert choose_anchor(["png", "webp"], None) == "png"
    assert choose_anchor(["jpeg", "cotam-s"], "jpeg") == "jpeg"
    with pytest.raises(ValueError, match="'avif' is not one of"):
        choose_anchor(["jpeg"], "avif")
