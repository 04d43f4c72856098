"""An interpreter that has CompressAI: it is none, and answers as the programs in benchmarks/peers do."""

import sys
from pathlib import Path

import pytest

PRETENDED = """#!{python}
import json, sys
if sys.argv[1] == "-c":
    print({missing!r})
elif "exactness" in sys.argv[1]:
    request = json.load(sys.stdin)
    row = {{"codec": "elic", "variation": "2 threads", "wrong": 1, "failed": 0, "wrong_symbols": 0.25}}
    answer = {{"compressai": "9", "settings": {{"elic": ""}}, "variations": [row]}}
    print(json.dumps({{**answer, "trained_steps": len(request["train"]) and request["steps"]}}))
else:
    print(json.dumps({{"codecs": {{"elic": "pretended"}}}}), flush=True)
    for line in sys.stdin:
        threads = json.loads(line)["threads"]
        stages = {{"all": 4 / threads, "analysis": 1 / threads, "entropy coding": 3 / threads}}
        answer = {{"encode": stages, "decode": stages, "bytes": 12, "peak_bytes": 10**8}}
        print({answer}, flush=True)
"""


def write_interpreter(path: Path, *, missing: str = "", answer: str = "json.dumps(answer)") -> Path:
    """Write an executable that pretends; ``answer`` is the expression that it answers with."""
    path.write_text(PRETENDED.format(python=sys.executable, missing=missing, answer=answer))
    path.chmod(0o755)
    return path


@pytest.fixture
def peers_python(tmp_path: Path) -> Path:
    return write_interpreter(tmp_path / "python")


@pytest.fixture
def python_without_compressai(tmp_path: Path) -> Path:
    return write_interpreter(tmp_path / "python", missing="compressai")


@pytest.fixture
def python_that_babbles(tmp_path: Path) -> Path:
    return write_interpreter(tmp_path / "python", answer="'no JSON'")


@pytest.fixture
def python_that_stops(tmp_path: Path) -> Path:
    return write_interpreter(tmp_path / "python", answer="sys.exit()")
