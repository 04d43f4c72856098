"""The examples of docs/video.md run as they stand."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.bitstream import read_stream
from cotam.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "video.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAMES = ("first", "second", "third", "fourth")
COMMANDS = re.findall(r"^cotam .*$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with six small frames, and four of them by name."""
    (tmp_path / "frames").mkdir()
    for index in range(6):
        pixels = np.full((32, 48, 3), 160, np.uint8)
        pixels[8:24, 5 * index : 5 * index + 16] = (200, 40, 30)
        Image.fromarray(pixels).save(tmp_path / "frames" / f"{index}.png")
        if index < len(NAMES):
            Image.fromarray(pixels).save(tmp_path / f"{NAMES[index]}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("av")
    assert len(COMMANDS) == 8
    for command in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(command)[1:])
        assert not stop.value.code, (command, capsys.readouterr().err)
    for name, count in (("clip", 6), ("few", 4), ("scenes", 2), ("steady", 3)):
        assert len(read_stream((folder / f"{name}.cotam").read_bytes()).frames) == count
    assert len(list((folder / "pictures").iterdir())) == 6


def test_the_python_examples_run(folder: Path) -> None:
    pytest.importorskip("transformers")
    assert len(PYTHON) == 2
    lines = [f"exec({block!r}, {{}})" for block in PYTHON]
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"6 frames, \d+ bytes\n0 \(96, 64\)\n200 ", done.stdout)


def test_the_example_of_a_levelvqa_clip_runs(folder: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "levelvqa.md").read_text("utf-8")
    (block,) = [found for found in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "clips" in found]
    exec(block, {})
    assert len(read_stream((folder / "clip.cotam").read_bytes()).frames) == 16
