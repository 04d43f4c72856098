"""Size, work and time of the base codecs, and ELIC here against CompressAI's, to Markdown."""

import json
from pathlib import Path
from typing import Any

from tables import made_by, markdown_table, signed

PUBLISHED = {"synthesis": ("7.34 M", "112.00")}
"""Parameters and kMAC/pixel in table 1 of Bridge, which states no other part."""


def complexity(path: Path) -> str:
    """Parameters, multiply-accumulates and seconds of each codec."""
    report = json.loads(path.read_text("utf-8"))
    rows = [
        [
            row["name"],
            f"{row['latents']}",
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['encoder_kmacs_per_pixel']:.1f}",
            f"{row['decoder_kmacs_per_pixel']:.1f}",
            f"{row['encode_seconds']:.2f}",
            f"{row['decode_seconds']:.2f}",
        ]
        for row in report["codecs"]
    ]
    head = ["sizes", "latents", "parameters", "encoder, kMAC/pixel", "decoder", "encode, s", "decode, s"]
    width, height = report["size"]
    note = (
        f"Seconds: a picture of {width} x {height} at quality {report['quality']:g}, float32, "
        f"{report['threads']} thread of {report['machine']} beside other work, median of {report['rounds']} rounds in "
        f"turn, torch {report['torch']}; all but cotam-s with random weights. Made by "
        f"`python benchmarks/base_codecs.py --rounds {report['rounds']} --json benchmarks/results/base_codecs.json`."
    )
    return f"{markdown_table(head, rows, right=range(1, 7))}\n\n{note}"


def equal_time(path: Path) -> str:
    """Codecs that were trained for the same time, on Kodak."""
    report = json.loads(path.read_text("utf-8"))
    curves = {
        run["codec"]: [row for row in report["curves"] if row["codec"] == run["codec"]]
        for run in report["runs"]
    }
    rows = [
        [f"{row['quality']:g}", *(cell for own in curves.values() for cell in _rate(own[number]))]
        for number, row in enumerate(next(iter(curves.values())))
    ]
    head = ["quality", *(cell for name in curves for cell in (f"{name}, bpp", "PSNR dB"))]
    training = ", ".join(
        f"{run['codec']} {run['steps']:,} steps in {run['seconds'] / 60:.0f} minutes"
        for run in report["runs"]
    )
    names = {"psnr": "PSNR", "ms_ssim_db": "MS-SSIM"}
    compared = ", ".join(
        f"{signed(row['percent'])} by {names[row['measure']]}"
        for row in report["bd_rates"]
        if row["anchor"] == report["anchor"]
    )
    note = (
        f"Means of {report['pictures']} Kodak pictures. {training}. BD-rate against {report['anchor']}: {compared}. "
        f"M{made_by(report)[1:]}."
    )
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"


def _rate(point: dict[str, Any]) -> tuple[str, str]:
    return f"{point['bpp']:.3f}", f"{point['psnr']:.2f}"


def parts(path: Path) -> str:
    """The parts of ELIC, beside what Bridge publishes of them."""
    report = json.loads(path.read_text("utf-8"))
    (elic,) = (row for row in report["codecs"] if row["name"] == "elic")
    rows = [
        [name, f"{size:,}", PUBLISHED.get(name, ("", ""))[0], f"{work:.2f}", PUBLISHED.get(name, ("", ""))[1]]
        for name, (size, work) in elic["parts"].items()
    ]
    head = ["part", "parameters", "published", "kMAC/pixel", "published"]
    return markdown_table(head, rows, right=range(1, 5))


def equality(path: Path) -> str:
    """Largest differences from CompressAI's classes, and what exactness costs."""
    report = json.loads(path.read_text("utf-8"))
    head = ["", *(f"`{row['class']}`" for row in report["rows"])]
    differences = list(report["rows"][0]["largest_difference"])
    lines = [
        *([f"largest difference, {name}", *_each(report, name)] for name in differences if name != "gains"),
        *(
            [f"bits of {word}, theirs / here", *(_bits(row, part) for row in report["rows"])]
            for part, word in (("y", "latents"), ("z", "hyper-latents"))
        ),
        ["rate cost of the integer networks", *_percent(report, "integer_rate_cost_percent")],
        ["the same without scaling", *_percent(report, "integer_rate_cost_without_scaling_percent")],
    ]
    note = (
        f"Random weights at the published sizes, CompressAI {report['compressai']}, torch {report['torch']}; made by "
        f"`python benchmarks/peers/elic_equality.py --json benchmarks/results/elic_equality.json`."
    )
    return f"{markdown_table(head, lines, right=(1, 2))}\n\n{note}"


def _each(report: dict[str, Any], name: str) -> list[str]:
    return [f"{row['largest_difference'][name]:.1e}" for row in report["rows"]]


def _bits(row: dict[str, Any], part: str) -> str:
    return f"{row['bits']['theirs'][part]:,.1f} / {row['bits']['here'][part]:,.1f}"


def _percent(report: dict[str, Any], key: str) -> list[str]:
    return [f"{row[key]:+.3f} %" for row in report["rows"]]
