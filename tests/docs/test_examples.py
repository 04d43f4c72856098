"""The README's examples run as they stand, on a photograph in an empty folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^cotam .*$", README, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``photo.jpg`` in it."""
    small = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(small).resize((112, 80), Image.Resampling.BICUBIC).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_examples_of_the_readme_run(folder: Path) -> None:
    assert len(PYTHON) == 4
    lines = [f"exec({block!r}, {{}})" for block in PYTHON]
    command = [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"112 80 \d+ [\d.]+ bpp\n\d+ \(\d+, 5, 7\)\n", done.stdout)
    assert Image.open(folder / "photo.png").size == (112, 80)


def test_the_commands_of_the_readme_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(COMMANDS) == 8
    for command in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            main(shlex.split(command)[1:])
        assert not stop.value.code, (command, capsys.readouterr().err)
    assert (folder / "small.cotam").stat().st_size <= 4000
    assert Image.open(folder / "photo.png").size == (112, 80)
    assert Image.open(folder / "page.png").width > 112
