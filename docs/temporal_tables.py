"""What ``benchmarks/video.py`` and ``cotam train temporal`` report, to Markdown."""

from pathlib import Path
from typing import Any

import training_curve
from tables import load, markdown_table

KINDS = {
    "scene": "rendered scene",
    "pan": "photograph, panned",
    "zoom": "zoomed",
    "jitter": "jittered, noisy",
}
NAMES = {"temporal": "predicted frames", "untrained": "without training", "h264": "H.264", "av1": "AV1"}
CURVE = "cotam-s-temporal.png"


def rates(path: Path) -> str:
    """Bytes at equal PSNR against frames coded one by one."""
    report = load(path)
    rows = []
    for row in sorted(report["summary"], key=lambda row: (row["fps"], list(KINDS).index(row["kind"]))):
        means = row["against_frame_by_frame"]
        rows.append([f"{row['fps']:g}", KINDS[row["kind"]], *(_percent(means.get(name)) for name in NAMES)])
    clips = {(row["fps"], row["kind"]): 0 for row in report["clips"]}
    note = (
        f"BD-rate (RGB PSNR, bytes of all frames of a clip, no container) against `cotam-s` frame by frame; negative "
        f"is better. {len(report['clips']) // len(clips)} clips a row of {report['frames']} frames each, the first a "
        "key frame; — where the curves share no range of PSNR. Made by "
        + ", ".join(f"`{command}`" for command in report["commands"])
        + "."
    )
    head = ["frames a second", "clip", *NAMES.values()]
    return f"{markdown_table(head, rows, right=(0, 2, 3, 4, 5))}\n\n{note}"


def intervals(path: Path) -> str:
    """Bytes a frame by the distance of key frames."""
    rows = [
        [KINDS[row["kind"]], f"{row['interval']}", f"{row['bytes']:,.0f}", f"{row['psnr']:.2f}"]
        for row in load(path)["intervals"]
    ]
    return markdown_table(["clip", "key-frame interval", "bytes a frame", "PSNR dB"], rows, right=(1, 2, 3))


def training(path: Path) -> str:
    """Steps, time and validation of the shipped networks."""
    steps, validations = training_curve.read_log(path)
    spent = f"{steps[-1]['step']:,} steps in {steps[-1]['seconds'] / 60:.0f} minutes"
    text = f"{spent}; [{path.name}](training/{path.name})."
    rows = [
        [f"{row['step']:,}", f"{row['validation']['bpp']:.4f}", f"{row['validation']['loss']:.4f}"]
        for row in validations
    ]
    table = markdown_table(["step", "bpp", "loss"], rows, right=range(3))
    return f"{text}\n\n![Training curve](training/{CURVE})\n\n{table}"


def draw(log: Path, target: Path) -> None:
    """Draw the loss over the steps."""
    steps, _ = training_curve.read_log(log)
    lines = ((("loss", "#0072b2", "loss"),), (("bpp", "#d55e00", "bits per pixel of the predicted frames"),))
    training_curve.draw_panels(log, target, [(steps, line) for line in lines], "predicted frames of cotam-s")


def _percent(entry: dict[str, Any] | None) -> str:
    return "—" if entry is None else f"{entry['bd_rate_percent']:+.1f} %"
