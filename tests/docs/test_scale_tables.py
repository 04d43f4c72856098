"""The tables of docs/scale.md and docs/data.md, from results made up for them."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def scale_tables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delitem(sys.modules, "tables", raising=False)
    import scale_tables

    return scale_tables


def test_efficiency_is_against_one_worker_of_the_same_kind(scale_tables, tmp_path):
    paces = [
        ("a bare loop", 1, 10.0),
        ("processes", 1, 8.0),
        ("processes", 2, 12.0),
        ("Ray", 1, 5.0),
        ("Ray", 2, 9.0),
    ]
    runs = [{"how": how, "workers": n, "items_per_second": pace, "failed": 0} for how, n, pace in paces]
    machine = {"cores": 2, "torch": "2"}
    report = {"pictures": 9, "quality": 30, "runs": runs, "machine": machine, "command": "x"}
    (tmp_path / "transcode.json").write_text(json.dumps(report))
    rows = scale_tables.throughput(tmp_path / "transcode.json").splitlines()[2:7]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert [row[3] for row in cells] == ["1.00", "0.80", "1.20", "0.50", "0.90"]
    assert [row[4] for row in cells] == ["", "", "75%", "", "90%"]


@pytest.mark.parametrize(("equal", "words"), [(True, "equal byte for byte"), (False, "DIFFERENT")])
def test_a_run_that_was_killed_is_told_as_it_was(scale_tables, equal, words):
    figures = {"workers": 2, "settled": 5012, "lost": 0, "doubled": 1, "handed_out_again": 27}
    text = scale_tables._killing({"killed": {**figures, "shards_equal": equal}})
    cells = [cell.strip() for cell in text.split("\n")[4].split("|")[1:-1]]
    assert cells == ["killed half-way and resumed", "2", "5,012", "0", "1", "27", words]


def test_every_decade_takes_ten_times_as_much(scale_tables):
    text = scale_tables.decades(ROOT / "benchmarks" / "results" / "uplink.json")
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text.splitlines()[2:12]]
    assert [row[0] for row in rows] == [f"10^{n}" for n in range(10)]
    streams = [float(row[4].replace(",", "")) for row in rows[4:]]
    assert all(9.8 < after / before < 10.2 for before, after in pairwise(streams))
    assert rows[0][-1].startswith("none")
    assert "cluster" in rows[9][-1]
