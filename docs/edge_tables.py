"""What ``benchmarks/edge.py`` reports, to Markdown."""

from pathlib import Path

from tables import load, markdown_table

IDLE = 1.0
"""Load from which wall times are not shown: they would be those of a busy machine."""
STAGES = (
    "guidance",
    "analysis",
    "entropy stage, encoding",
    "encode",
    "entropy stage, decoding",
    "synthesis",
    "decode",
)


def speed(path: Path) -> str:
    """Milliseconds of each stage by runtime and threads, and torch's time over each."""
    report = load(path)
    idle = report.get("load", IDLE) < IDLE
    shown = [row for row in report["timings"] if row["threads"] == 1 or idle]
    ratios = {(row["runtime"], row["threads"]): row for row in report["ratios"]}
    rows = []
    for row in shown:
        ratio = ratios.get((row["runtime"], row["threads"]), {"encode": 1.0, "decode": 1.0})
        times = [f"{row['milliseconds'][stage]:.1f}" for stage in STAGES]
        compared = [f"{ratio[stage]:.2f}" for stage in ("encode", "decode")]
        rows.append([row["runtime"], f"{row['threads']}", *times, *compared])
    note = (
        f"Milliseconds, the least of {report['rounds']} rounds in which all ways took turns (with one thread processor "
        f"time, with more wall time, which is left out where the machine was not idle), one picture of "
        f"{report['picture']}, quality 40, guidance by the first three blocks of a CLIP ViT-B/16; on the right torch's "
        f"time over each; made by `{report['command']}` on {report['machine']['cpu']} (torch "
        f"{report['versions']['torch']}, onnxruntime {report['versions']['onnxruntime']}, openvino "
        f"{report['versions']['openvino']})."
    )
    head = ["runtime", "threads", *STAGES, "encode, x", "decode, x"]
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"


def precision(path: Path) -> str:
    """What bfloat16 costs."""
    report = load(path)
    rows = [
        [
            row["precision"],
            f"{row['bd_rate']:+.3f} %",
            *(
                f"{bpp:.4f}, {psnr:.2f} dB"
                for bpp, psnr in list(zip(row["bpp"], row["psnr"], strict=True))[1::2]
            ),
        ]
        for row in report["precision"]
    ]
    qualities = report["precision"][0]["qualities"]
    head = ["OpenVINO", "BD-rate", *(f"quality {quality:g}" for quality in qualities[1::2])]
    note = f"Bits per pixel and PSNR over {report['precision'][0]['pictures']} pictures; made by `{report['command']}`."
    return f"{markdown_table(head, rows, right=range(1, len(head)))}\n\n{note}"
