import json
import platform
import sys
from pathlib import Path

import pytest

from cotam.errors import ImageError
from cotam.evaluation.reports import new_report, write_report


def test_a_report_names_command_versions_and_machine_but_not_the_host(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["/secret/place/cotam", "bench", "rate", "--images", "my pictures"])
    report = new_report("rate")
    assert report["command"] == "cotam bench rate --images 'my pictures'"
    assert report["versions"]["python"] == platform.python_version()
    assert report["machine"]["cores"] >= 1
    text = json.dumps(report)
    assert "secret" not in text
    assert str(Path.cwd()) not in text


def test_a_written_report_reads_back_and_has_a_line_for_each_row(tmp_path: Path):
    report = {"a": 1, "rows": [{"x": 1}, {"x": 2}], "empty": [], "nested": {"b": [1, 2]}}
    write_report(tmp_path / "r.json", report)
    text = (tmp_path / "r.json").read_text()
    assert json.loads(text) == report
    assert '\n {"x": 2}\n' in text


def test_what_json_lacks_is_not_written(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(tmp_path / "r.json", {"x": [float("inf")]})
    assert not (tmp_path / "r.json").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(ImageError, match=r"r\.json"):
        write_report(tmp_path / "none" / "r.json", {})
