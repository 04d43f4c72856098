"""What tesseract reads in coded pictures of text, charts and interfaces, codec against codec at equal bytes.

    python benchmarks/reading.py --json benchmarks/results/reading.json

The pictures are drawn by `cotam.training.graphics` from seeds that no training draws. What tesseract reads in the
original is what the character error rate counts from: letters to change, add or leave out, over letters. Needs the
program tesseract (5.3 was used) and rapidfuzz.
"""

import argparse
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein
from rich.progress import track

from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.codec import load_codec
from cotam.evaluation.methods.fitting import fitting
from cotam.evaluation.reports import new_report, write_report
from cotam.evaluation.rivals import load_rivals
from cotam.evaluation.rivals.cotam_s import CotamRival
from cotam.evaluation.rivals.rival import Pixels, Rival
from cotam.metrics import psnr
from cotam.training.graphics import render_chart, render_document, render_interface
from cotam.training.graphics.canvas import Canvas

KINDS: dict[str, Callable[[np.random.Generator, int], Canvas]] = {
    "text": render_document,
    "chart": render_chart,
    "interface": render_interface,
}
SEED = 20_261_121
"""Training draws with seeds of two numbers, this with three."""
SIDE = 512
ENLARGED = 2
"""Tesseract reads letters of 20 pixels and more best; these have 9 upwards."""
LEAST_LETTERS = 60
"""Pictures in whose original less is read are passed over."""
BPPS = (0.15, 0.25, 0.4, 0.6, 1.0)
SPARSE_TEXT = "11"


@dataclass(frozen=True)
class Reading:
    """One picture in one codec at one rate."""

    kind: str
    codec: str
    limit: float
    bpp: float
    fits: bool
    psnr: float
    letters: int
    errors: int


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description="What is read in coded pictures.")
    parser.add_argument("--num", type=int, default=12, help="pictures of each kind")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path, required=True)
    given = parser.parse_args()
    if not shutil.which("tesseract"):
        parser.error("tesseract is needed: install tesseract-ocr")
    rivals: list[Rival] = [
        CotamRival(load_codec(given.model, threads=1)),
        *load_rivals(["jpeg", "webp", "avif"]),
    ]
    readings = [one for kind in KINDS for one in readings_of(kind, given.num, rivals)]
    write_report(
        given.json,
        {
            **new_report("reading"),
            "command": f"python benchmarks/reading.py {shlex.join(sys.argv[1:])}",
            "tesseract": read_version(),
            "side": SIDE,
            "pictures": given.num,
            "model_id": rivals[0].codec.model_id.hex(),  # type: ignore[attr-defined]
            "rows": list(summaries(readings, [rival.name for rival in rivals])),
        },
    )


def readings_of(kind: str, num: int, rivals: list[Rival]) -> Iterator[Reading]:
    """Readings of the first ``num`` pictures of a kind in which there is something to read."""
    drawn = (
        KINDS[kind](np.random.default_rng([SEED, list(KINDS).index(kind), n]), SIDE) for n in range(10 * num)
    )
    told = ((canvas.pixels(), read(canvas.pixels())) for canvas in drawn)
    pictures = ((pixels, text) for pixels, text in told if len(text) >= LEAST_LETTERS)
    for _ in track(range(num), kind):
        pixels, text = next(pictures)
        for rival in rivals:
            code = fitting(rival, pixels)
            for limit in BPPS:
                fitted = code(round(limit * pixels.shape[0] * pixels.shape[1] / 8))
                decoded = rival.decode(fitted.data)
                bpp = len(fitted.data) * 8 / (pixels.shape[0] * pixels.shape[1])
                errors = Levenshtein.distance(text, read(decoded))
                score = psnr(pixels, decoded)
                yield Reading(kind, rival.name, limit, bpp, fitted.fits, score, len(text), errors)


def summaries(readings: list[Reading], codecs: list[str]) -> Iterator[dict[str, Any]]:
    """For all kinds together and each: error rate over all letters, PSNR over all pictures, by codec and rate."""
    for kind in ("all", *KINDS):
        for limit in BPPS:
            for codec in codecs:
                own = [
                    one
                    for one in readings
                    if one.codec == codec and one.limit == limit and kind in ("all", one.kind)
                ]
                yield {
                    "kind": kind,
                    "limit": limit,
                    "codec": codec,
                    "pictures": len(own),
                    "bpp": float(np.mean([one.bpp for one in own])),
                    "larger": sum(not one.fits for one in own),
                    "psnr": float(np.mean([one.psnr for one in own])),
                    "character_error_rate": sum(one.errors for one in own) / sum(one.letters for one in own),
                }


def read(pixels: Pixels) -> str:
    """What tesseract reads, with single spaces between words."""
    picture = Image.fromarray(pixels).resize((ENLARGED * pixels.shape[1], ENLARGED * pixels.shape[0]))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    command = ["tesseract", "stdin", "stdout", "--psm", SPARSE_TEXT]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, input=file.getvalue(), capture_output=True, check=True, env=environment)
    return " ".join(done.stdout.decode().split())


def read_version() -> str:
    """Version of tesseract."""
    done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


if __name__ == "__main__":
    main()
