"""SECURITY.md: every promise names a test, and every test that it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text("utf-8")


def test_every_test_that_the_page_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
    missing = [
        (path, name)
        for path, name in named
        if not re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert len(named) > 20
    assert missing == []


def test_every_promise_names_a_test():
    promised = PAGE.partition("## What is promised")[2].partition("## What is not promised")[0]
    sections = re.split(r"^### ", promised, flags=re.MULTILINE)[1:]
    assert len(sections) >= 6
    assert [part.partition("\n")[0] for part in sections if "::test_" not in part] == []
    bold = re.split(r"^\*\*", promised, flags=re.MULTILINE)[1:]
    assert [part.partition("**")[0] for part in bold if "::test_" not in part] == []
