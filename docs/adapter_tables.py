"""The log of ``cotam train adapter`` to Markdown."""

import json
from pathlib import Path

from tables import markdown_table


def training(path: Path) -> str:
    """Steps and time, and how near the tower's tokens come to those of originals."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    last = next(row for row in reversed(rows) if "validation" in row)
    table = [
        [f"{row['quality']:g}", f"{row['bpp']:.3f}", f"{row['pixels']:.3f}", f"{row['adapted']:.3f}"]
        for row in last["validation"]
    ]
    head = ["quality", "bpp, payload", "decoded picture", "decoded picture and adapter"]
    note = (
        f"Mean cosine similarity of the patch tokens that the language model reads to those of the original, 48 "
        f"validation scenes, uniform level maps; {last['step']:,} steps in {last['seconds'] / 3600:.2f} hours. "
        f"The log: [{path.name}](training/{path.name})."
    )
    return f"{markdown_table(head, table, right=range(4))}\n\n{note}"
