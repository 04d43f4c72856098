"""The logs of ``cotam train adapter`` and ``cotam train neck`` to Markdown."""

import json
from pathlib import Path

from tables import markdown_table


def adapter(path: Path) -> str:
    """How near the tower's tokens come to those of originals through an adapter."""
    return _training(path, "decoded picture and adapter")


def neck(path: Path) -> str:
    """How near they come through a neck."""
    return _training(path, "latents through the neck")


def _training(path: Path, way: str) -> str:
    """Steps and time, and how near the tower's tokens come to those of originals."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    last = next(row for row in reversed(rows) if "validation" in row)
    table = [
        [f"{row['quality']:g}", f"{row['bpp']:.3f}", f"{row['pixels']:.3f}", f"{row['adapted']:.3f}"]
        for row in last["validation"]
    ]
    head = ["quality", "bpp, payload", "decoded picture", way]
    note = (
        f"Mean cosine similarity of the patch tokens that the language model reads to those of the original, 48 "
        f"validation scenes, uniform level maps; {last['step']:,} steps in {last['seconds'] / 3600:.2f} hours. "
        f"The log: [{path.name}](training/{path.name})."
    )
    return f"{markdown_table(head, table, right=range(4))}\n\n{note}"
