"""Reports of ``cotam bench speed`` and ``peers``, made by the same code, become tables."""

import subprocess
import sys
from pathlib import Path

import pytest

from cotam.codec import Codec
from cotam.evaluation.reports import new_report, write_report
from cotam.evaluation.speed import floor
from cotam.evaluation.speed.cotam_codec import CotamCodec
from cotam.evaluation.speed.pillow_codec import pillow_codec
from cotam.evaluation.speed.report import Plan, measure_speed

BUILD = Path(__file__).parents[2] / "docs" / "build.py"
PARTS = (
    "speed",
    *(f"speed-{name}" for name in ("stages", "floor", "sizes", "batches", "memory", "settings")),
)


def built(root: Path, parts: tuple[str, ...]) -> dict[str, str]:
    """The text of parts, each without its marks."""
    (root / "docs").mkdir(exist_ok=True)
    page = root / "README.md"
    page.write_text("".join(f"<!-- begin:{part} -->\n<!-- end:{part} -->\n" for part in parts))
    subprocess.run([sys.executable, str(BUILD), "--root", str(root)], check=True, capture_output=True)
    text = page.read_text()
    return {part: text.split(f"begin:{part} -->\n")[1].split(f"\n<!-- end:{part} ")[0] for part in parts}


def test_speed_becomes_tables(random_codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "SIDE", 32)
    monkeypatch.setattr(CotamCodec, "peak_memory", lambda self, width, height: width * height * 2**20)
    plan = Plan([(16, 16), (32, 16), (64, 32)], [1, 2], [1, 3], rounds=1)
    report = measure_speed([CotamCodec(random_codec, "random")], [pillow_codec("webp")], plan, lambda: None)
    target = tmp_path / "benchmarks" / "results" / "speed.json"
    target.parent.mkdir(parents=True)
    write_report(target, {**new_report("speed"), **report})
    found = built(tmp_path, PARTS)
    assert "| WebP | " in found["speed"]
    assert "One picture of 64 x 32" in found["speed"]
    assert "CompressAI's models are not in this run" in found["speed"]
    assert "| random | encode | entropy networks | " in found["speed-stages"]
    assert "| 100 % |" in found["speed-stages"]
    assert "in float64 with 2 threads" in found["speed-floor"]
    assert "ms/MP at 16 x 16" in found["speed-sizes"]
    assert found["speed-batches"].count("\n| 3 | ") == 2
    assert "| random | 2,048 |" in found["speed-memory"]
    assert "| random | torch | model " in found["speed-settings"]


def test_peers_become_a_table(tmp_path: Path) -> None:
    rows = [
        {"codec": name, "variation": variation, "wrong": wrong, "failed": 0, "wrong_symbols": wrong / 8}
        for name, wrong in (("a", 0), ("b", 2))
        for variation in ("2 threads", "oneDNN off")
    ]
    report = {
        "pictures": 4,
        "trained_steps": 0,
        "compressai": "9",
        "settings": {"a": "", "b": ""},
        "variations": rows,
    }
    target = tmp_path / "benchmarks" / "results" / "peers.json"
    target.parent.mkdir(parents=True)
    write_report(target, {**new_report("peers"), **report})
    text = built(tmp_path, ("exactness-peers",))["exactness-peers"]
    assert "| oneDNN off | 0 of 4 | 2 of 4 (25 %) |" in text
    assert "random weights" in text


def test_what_is_not_measured_is_said(tmp_path: Path) -> None:
    assert built(tmp_path, ("speed",))["speed"] == "*Not measured yet (benchmarks/results/speed.json).*"
