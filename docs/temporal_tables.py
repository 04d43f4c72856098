"""What the benchmarks of predicted frames and ``cotam train temporal`` report, to Markdown."""

from pathlib import Path
from typing import Any

import training_curve
from tables import load, made_by, markdown_table, signed

from cotam.evaluation.accuracy.cells import bd_table, gain_cell, share_cell

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
    wins = ", ".join(
        f"{NAMES[name]} in {sum(_is_lower(row, name) for row in report['summary'])}"
        for name in ("h264", "av1")
    )
    clips = {(row["fps"], row["kind"]): 0 for row in report["clips"]}
    note = (
        "BD-rate (RGB PSNR, bytes of all frames of a clip, no container) against `cotam-s` frame by frame; negative is "
        f"better. {len(report['clips']) // len(clips)} clips a row of {report['frames']} frames each, the first a key "
        f"frame. Of {len(report['summary'])} rows, fewer bytes than predicted frames: {wins}. Made in parts by "
        f"`python benchmarks/video.py`, whose {len(report['commands'])} commands "
        "[video.json](../benchmarks/results/video.json) holds."
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


def accuracy(path: Path) -> str:
    """Accuracy over bytes of key frames alone and of predicted frames."""
    report = load(path)
    found = {(row["method"], row["rate"]): row for row in report["rows"]}
    rows = []
    for gain in report["differences"]:
        alone, predicted = (found[name, gain["rate"]] for name in (gain["anchor"], gain["method"]))
        cells = [cell for row in (alone, predicted) for cell in _cells(row)]
        rows.append([gain["rate"].removeprefix("quality "), *cells, gain_cell(gain["overall"])])
    names = ["bytes a frame", "PSNR dB", "right, %"]
    head = ["quality", *names, *(f"predicted: {name}" for name in names), "difference, points"]
    drawn = next(row["overall"] for row in report["rows"] if row["rate"] == "lossless")
    asked = ", ".join(str(number + 1) for number in report["asked_frames"])
    note = (
        f"{len(report['clips'])} LevelVQA clips of {report['frames']} frames at {report['fps']:g} a second; "
        f"{drawn['questions']:,} questions about frames {asked}, each shown by itself, of which {share_cell(drawn)} % "
        "are answered rightly about the frames as they were drawn. Bytes are those of whole files; PSNR is that of the "
        f"frames asked about; 95 % intervals are over clips; {made_by(report)}."
    )
    by_psnr = report["bd_rates_psnr"][0]["percent"]
    compared = bd_table(report)
    rates = f"{compared.markdown()}\n\n{compared.title}. At equal PSNR of the same frames: {signed(by_psnr)}."
    return f"{markdown_table(head, rows, right=range(len(head)))}\n\n{note}\n\n{rates}"


def memory(path: Path) -> str:
    """Resident memory while frames are encoded and decoded."""
    report = load(path)
    rows = [
        [
            row["way"],
            f"{row['key_interval']}",
            *(_megabytes(reading["resident_bytes"]) for reading in row["readings"]),
            f"{row['growth_bytes'] / 1e6:.1f}",
            _megabytes(row["peak_bytes"]),
            f"{row['stream_bytes']:,}" if "stream_bytes" in row else "",
        ]
        for row in report["rows"]
    ]
    read = [f"to {reading['frames']:,}" for reading in report["rows"][0]["readings"]]
    head = ["way", "key-frame interval", *read, "growth", "peak", "bytes of the file"]
    width, height = report["size"]
    note = (
        f"Resident memory in MB over {report['frames']:,} frames of {width} x {height} pixels at quality "
        f"{report['quality']:g}, each row in a process of its own: the largest after a frame since the column before, "
        f"and by how much that grew after the first of them; {made_by(report)}."
    )
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"


def training(path: Path) -> str:
    """Steps, time and validation of the shipped networks."""
    steps, validations = training_curve.read_log(path)
    time = f"{steps[-1]['step']:,} steps in {steps[-1]['seconds'] / 60:.0f} minutes"
    text = f"{time}; [{path.name}](training/{path.name}).\n\n![Training curve](training/{CURVE})"
    rows = [
        [f"{row['step']:,}", f"{row['validation']['bpp']:.4f}", f"{row['validation']['loss']:.4f}"]
        for row in validations
    ]
    return f"{text}\n\nValidation pairs:\n\n{markdown_table(['step', 'bpp', 'loss'], rows, right=range(3))}"


def draw(log: Path, target: Path) -> None:
    """Draw the loss over the steps."""
    steps, _ = training_curve.read_log(log)
    lines = ((("loss", "#0072b2", "loss"),), (("bpp", "#d55e00", "bits per pixel of the predicted frames"),))
    training_curve.draw_panels(log, target, [(steps, line) for line in lines], "predicted frames of cotam-s")


def _cells(row: dict[str, Any]) -> list[str]:
    return [f"{row['bytes_per_frame']:,.0f}", f"{row['psnr']:.2f}", share_cell(row["overall"])]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f}"


def _is_lower(row: dict[str, Any], name: str) -> bool:
    ours, theirs = (row["against_frame_by_frame"][key]["bd_rate_percent"] for key in ("temporal", name))
    return bool(theirs < ours)


def _percent(entry: dict[str, Any] | None) -> str:
    return "—" if entry is None else f"{entry['bd_rate_percent']:+.1f} %"
