"""The pages: their commands, links, generated parts and the recipe they state."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cotam.training.config import preset_for

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
README = PAGES[0].read_text("utf-8")


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docs" / "build.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_has_one_command_for_the_demo_and_one_for_the_tests() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [command.rsplit("&& ", 1)[1] for command in commands] == [
        ".venv/bin/cotam demo",
        ".venv/bin/pytest",
    ]
    assert f"grep -m 1 -E '{'^python3 -m venv .*pytest$'}' README.md" in (ROOT / ".ci" / "run").read_text(
        "utf-8"
    )


def test_the_generated_parts_are_up_to_date() -> None:
    done = build("--check")
    assert done.returncode == 0, done.stderr


def test_every_generated_part_is_closed_and_stands_once() -> None:
    marks = [
        mark
        for page in PAGES
        for mark in re.findall(r"<!-- (begin|end):([a-z-]+) -->", page.read_text("utf-8"))
    ]
    begun = [name for kind, name in marks if kind == "begin"]
    assert begun == [name for kind, name in marks if kind == "end"]
    assert len(set(begun)) == len(begun) > 0


def test_the_recipe_of_the_models_page_is_the_preset_for_cpus() -> None:
    rows = re.findall(
        r"^\| `([a-z_]+)` \| (\S+) \|", (ROOT / "docs" / "models.md").read_text("utf-8"), re.MULTILINE
    )
    preset = preset_for(torch.device("cpu"))
    assert len(rows) == 14
    assert {name: float(value) for name, value in rows} == {
        name: float(getattr(preset, name)) for name, _ in rows
    }


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {
        "utils",
        "util",
        "common",
        "helpers",
        "helper",
        "legacy",
        "manager",
        "wrapper",
        "misc",
        "fake",
        "tiny",
    }
    modules = [path.stem for path in (ROOT / "src").rglob("*.py")]
    assert [name for name in modules if empty & set(name.split("_"))] == []
