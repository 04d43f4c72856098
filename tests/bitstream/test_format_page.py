"""docs/format.md says what the code does."""

import re
from importlib import import_module
from pathlib import Path

from cotam.bitstream import limits, read_stream
from cotam.entropy_coding.escapes import CLASS_FREQUENCIES
from cotam.entropy_coding.level_map import CLOSENESS, CLOSENESS_OF_3, LEVEL_COUNTS
from cotam.entropy_models.structure import ORDER

PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text of a section of the page, up to the next one of the same rank."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", section("Limits"), re.MULTILINE))
    assert len(rows) == 15
    assert {name: int(value) for name, value in rows.items()} == {
        name: getattr(limits, name) for name in rows
    }


def test_the_constants_of_the_payload_are_those_of_the_code() -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (\d+) \| `([a-z_.]+)` \|", section("Payload of `cotam-s`"), re.MULTILINE
    )
    assert len(rows) == 19
    for name, value, module in rows:
        assert getattr(import_module(f"cotam.{module}"), name) == int(value), name


def test_the_level_map_frequencies_of_the_page_are_those_of_the_code() -> None:
    text = " ".join(section("Payload of `cotam-s`").split())
    three, more = (", ".join(map(str, row)) for row in (CLOSENESS_OF_3, CLOSENESS))
    assert f"{three} where n = 3, and {more} where n > 3" in text
    assert LEVEL_COUNTS == (3, 5, 7, 9)


def test_the_escapes_and_the_order_of_groups_are_those_of_the_code() -> None:
    text = " ".join(section("Payload of `cotam-s`").split())
    assert "2^(23 - c) for c < 15 and 2^9 for c = 15" in text
    assert [*CLASS_FREQUENCIES] == [2 ** (23 - c) for c in range(15)] + [2**9]
    assert f"`ORDER` = {', '.join(map(str, ORDER))}" in text


def test_the_example_of_the_page_reads_as_it_says() -> None:
    block = re.search(r"```hex\n(.*?)```", PAGE, re.DOTALL)
    assert block
    data = bytes.fromhex("".join(re.split(r" {2,}", line)[0] for line in block[1].splitlines()))
    stream = read_stream(data)
    assert len(data) == 22
    assert (stream.header.width, stream.header.height) == (640, 400)
    assert (stream.frames[0].quality, stream.frames[0].level_map) == (40.0, None)
    assert stream.frames[0].payload == b"\xca\xfe"
