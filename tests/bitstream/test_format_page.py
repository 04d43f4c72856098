"""docs/format.md says what the code does."""

import re
from pathlib import Path

from cotam.bitstream import limits, read_stream

PAGE = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\d+) \|", PAGE, re.MULTILINE))
    assert len(rows) == 14
    assert {name: int(value) for name, value in rows.items()} == {
        name: getattr(limits, name) for name in rows
    }


def test_the_example_of_the_page_reads_as_it_says() -> None:
    block = re.search(r"```hex\n(.*?)```", PAGE, re.DOTALL)
    assert block
    data = bytes.fromhex("".join(re.split(r" {2,}", line)[0] for line in block[1].splitlines()))
    stream = read_stream(data)
    assert len(data) == 22
    assert (stream.header.width, stream.header.height) == (640, 400)
    assert (stream.frames[0].quality, stream.frames[0].level_map) == (40.0, None)
    assert stream.frames[0].payload == b"\xca\xfe"
