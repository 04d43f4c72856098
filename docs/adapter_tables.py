"""The logs of ``cotam train adapter`` and ``cotam train neck``, and what they and analysis take, to Markdown."""

import json
from pathlib import Path
from typing import Any

import training_curve
from tables import markdown_table

LINES = {
    "low": ("#0072b2", "squared error of the low-level tokens"),
    "high": ("#009e73", "squared error of the final tokens"),
    "entry": ("#0072b2", "squared error of the tokens at the entry"),
    "fidelity": ("#009e73", "squared error of the final tokens"),
    "bpp": ("#d55e00", "bits per pixel"),
}
"""What a log can have, and how it is drawn: a panel each."""
VARIANTS = {
    "levelvqa-adapter": "both losses",
    "levelvqa-adapter-high-only": "`--low 0`",
    "levelvqa-adapter-low-only": "`--high 0`",
    "levelvqa-neck-no-prior": "`--no-prior`",
}
"""Adapters of the ablations, and what is different about each."""
NECKS = ("levelvqa-neck-d1", "levelvqa-neck-d2", "levelvqa-neck-d3")
JOINT = "levelvqa-adapter-joint"
"""The adapter whose codec learned with it."""


def adapter(path: Path) -> str:
    """How near the tower's tokens come to those of originals through an adapter."""
    return _training(path, "decoded picture and adapter")


def neck(path: Path) -> str:
    """How near they come through a neck."""
    return _training(path, "latents through the neck")


def curve_of(log: Path) -> Path:
    """The picture of a log, beside it."""
    return log.with_name(f"{log.name.partition('.')[0]}.png")


def draw(log: Path, target: Path) -> None:
    """Draw the parts of the loss that a run has."""
    steps, _ = training_curve.read_log(log)
    panels = []
    for key, (colour, title) in LINES.items():
        if rows := [row for row in steps if key in row]:
            panels.append((rows, [(key, colour, title)]))
    training_curve.draw_panels(log, target, panels, log.name.partition(".")[0])


def ablations(path: Path) -> str:
    """Adapters of the ablations beside the whole one, whose log is given."""
    rows, head = [], ["file", "recipe", "steps"]
    for name, recipe in VARIANTS.items():
        last = _last_validation(path.with_name(f"{name}.log.jsonl"))
        head[3:] = [f"quality {row['quality']:g}" for row in last["validation"]]
        rows.append(
            [
                f"`{name}`",
                recipe,
                f"{last['step']:,}",
                *(f"{row['adapted']:.4f}" for row in last["validation"]),
            ]
        )
    pixels = ", ".join(f"{row['pixels']:.4f}" for row in last["validation"])
    note = f"Measured as above; of decoded pictures: {pixels}. Logs and curves in [training](training)."
    return f"{markdown_table(head, rows, right=range(2, 6))}\n\n{note}"


def step(path: Path) -> str:
    """Time and memory of a training step on LLaVA-1.5's tower."""
    report = json.loads(path.read_text("utf-8"))
    rows = [
        [
            row["kind"],
            f"{row['batch']}",
            f"{row['seconds']:.1f}",
            f"{row['images_per_second']:.2f}",
            f"{row['peak_bytes'] / 2**30:.2f}",
        ]
        for row in report["steps"]
    ]
    head = ["kind", "pictures", "seconds", "pictures a second", "peak memory, GiB"]
    precision = "bfloat16" if report["bf16"] else "float32"
    note = (
        f"One step of an untrained network behind ViT-L/14 at 336 pixels, random weights, {precision}, on "
        f"{report['threads']} threads of {report['machine']} (torch {report['torch']}); made by "
        f"`python benchmarks/adapter_step.py --json benchmarks/results/adapter_step.json`."
    )
    return f"{markdown_table(head, rows, right=range(1, 5))}\n\n{note}"


def analysis_memory(path: Path) -> str:
    """Memory of an analysis of the same tower."""
    report = json.loads(path.read_text("utf-8"))
    return (
        f"ViT-L/14 at 336 pixels (random weights), {report['batch']} pictures at a time on the CPU: "
        f"{report['peak_bytes'] / 2**30:.2f} GiB at the peak, the weights included; made by "
        f"`python benchmarks/analysis_memory.py --json benchmarks/results/analysis_memory.json`."
    )


def _training(path: Path, way: str) -> str:
    """Steps and time, and how near the tower's tokens come to those of originals."""
    last = _last_validation(path)
    shown = {"quality": "g", "bpp": ".3f", "pixels": ".4f", "adapted": ".4f"}
    names = {"quality": "quality", "bpp": "bpp, payload", "pixels": "decoded picture", "adapted": way}
    keys = [
        key for key in shown if key in last["validation"][0]
    ]  # a codec for machines alone decodes no picture
    table = [[f"{row[key]:{shown[key]}}" for key in keys] for row in last["validation"]]
    head = [names[key] for key in keys]
    note = (
        f"Mean cosine similarity of the patch tokens that the language model reads to those of the original, 48 "
        f"validation scenes, uniform level maps; {last['step']:,} steps in {last['seconds'] / 3600:.2f} hours. "
        f"The log: [{path.name}](training/{path.name}).\n\n![Training curve](training/{curve_of(path).name})"
    )
    return f"{markdown_table(head, table, right=range(len(head)))}\n\n{note}"


def _last_validation(path: Path) -> dict[str, Any]:
    _, validations = training_curve.read_log(path)
    return validations[-1]
