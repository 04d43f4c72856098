"""What tesseract reads in coded pictures, to Markdown."""

from pathlib import Path
from typing import Any

from tables import load, made_by, markdown_table


def rates(path: Path) -> str:
    """Character error rate and PSNR of every codec at every rate, over all kinds of pictures."""
    report = load(path)
    found = {(row["codec"], row["limit"]): row for row in report["rows"] if row["kind"] == "all"}
    codecs = list(dict.fromkeys(codec for codec, _ in found))
    limits = list(dict.fromkeys(limit for _, limit in found))
    rows = [[codec, *(_cell(found[codec, limit]) for limit in limits)] for codec in codecs]
    head = ["codec", *(f"{limit:g} bpp" for limit in limits)]
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{_note(report)}"


def kinds(path: Path) -> str:
    """The same by kind of picture, at the rate in the middle."""
    report = load(path)
    limits = list(dict.fromkeys(row["limit"] for row in report["rows"]))
    limit = limits[len(limits) // 2]
    found = {(row["kind"], row["codec"]): row for row in report["rows"] if row["limit"] == limit}
    names, codecs = (list(dict.fromkeys(key[place] for key in found)) for place in (0, 1))
    rows = [[name, *(_cell(found[name, codec]) for codec in codecs)] for name in names]
    return markdown_table([f"at {limit:g} bpp", *codecs], rows, right=range(1, 1 + len(codecs)))


def _cell(row: dict[str, Any]) -> str:
    larger = f" ({row['larger']} larger)" if row["larger"] else ""
    return f"{100 * row['character_error_rate']:.1f} %, {row['psnr']:.1f} dB{larger}"


def _note(report: dict[str, Any]) -> str:
    return (
        f"Character error rate against what tesseract {report['tesseract']} reads in the original, and PSNR; "
        f"{report['pictures']} pictures of each kind (text, charts, interfaces), {report['side']} x {report['side']} "
        f"pixels, equal bytes; pictures that do not fit count with the smallest file there is. cotam-s is model "
        f"`{report['model_id']}`; {made_by(report)}."
    )
