"""What ``benchmarks/uplink.py`` and ``transcode_throughput.py`` report, and what follows from it for many pictures."""

import math
from pathlib import Path
from typing import Any

from tables import label, load, markdown_table

DAY = 86_400
PEAK = 4
"""Busiest hour against the mean of a day: assumed."""
BOX_CORES = 64
"""Cores of a large machine: assumed."""
BOXES = 100
"""Machines that one cluster has at most, before there are several: assumed."""
WANTED = 1000
"""Requests a second that replicas are worked out for."""
LOAD = 0.7
"""Share of its time that a core may be busy, as the HorizontalPodAutoscaler has it; at 1 the queue has no end."""
SIZING_PSNR = 30.0


def uplink(path: Path) -> str:
    """Latency by link and codec, of the link alone and with coding and decoding on one core."""
    report, rows = load(path), []
    for psnr, codec in dict.fromkeys((run["psnr"], run["codec"]) for run in report["runs"]):
        own = [run for run in report["runs"] if (run["psnr"], run["codec"]) == (psnr, codec)]
        cells = [
            f"{run['p50_ms']:,.0f} / {run['p95_ms']:,.0f}" if run["p50_ms"] else "overloaded" for run in own
        ]
        coding = f"{sum(report['codec_ms'][codec].values()):,.0f}"
        size = next(s["mean"] for s in report["sizes"] if (s["psnr"], s["codec"]) == (psnr, codec))
        rows.append([f"{psnr:g} dB", label(codec), f"{size:,}", *cells, coding])
    links = [f"{link:g} Mbit/s, ms" for link in dict.fromkeys(run["mbit"] for run in report["runs"])]
    assumed = report["assumed"]
    note = (
        f"p50 / p95 of {report['pictures']:,} pictures, {report['rate']:g} a second at random times, sizes of "
        f"Kodak pictures at that PSNR, in base64 with {assumed['overhead_bytes']} bytes around each and "
        f"{assumed['one_way_ms']:g} ms on the way (both assumed), seed {report['seed']}. The last column comes on top: "
        f"encoding and decoding 768 x 512 pixels on one core. Made by `{report['command']}`."
    )
    head = ["quality", "codec", "mean bytes", *links, "coding, ms"]
    return f"{markdown_table(head, rows, right=range(2, len(head)))}\n\n{note}"


def throughput(path: Path) -> str:
    """Pictures a second of every way to transcode."""
    report = load(path)
    bare = report["runs"][0]["items_per_second"]
    single = {run["how"]: run["items_per_second"] for run in report["runs"] if run["workers"] == 1}
    rows = []
    for run in report["runs"]:
        pace, workers = run["items_per_second"], run["workers"]
        efficiency = f"{pace / single[run['how']] / workers:.0%}" if workers > 1 else ""
        rows.append(
            [run["how"], f"{workers}", f"{pace:.1f}", f"{pace / bare:.2f}", efficiency, f"{run['failed']}"]
        )
    where = report["machine"]
    note = (
        f"{report['pictures']:,} LevelVQA pictures of 224 x 224 pixels at quality {report['quality']:g} on "
        f"{where['cores']} cores (torch {where['torch']}), from the first picture settled to the last; efficiency is "
        f"against one worker of the same kind. Made by `{report['command']}`."
    )
    head = ["how", "workers", "pictures a second", "to the bare loop", "efficiency", "failed"]
    return f"{markdown_table(head, rows, right=range(1, 6))}\n\n{note}{_killing(report)}"


def _killing(report: dict[str, Any]) -> str:
    """What a run that was killed half-way and gone on with came to."""
    if "killed" not in report:
        return ""
    found = report["killed"]
    counts = [f"{found[name]:,}" for name in ("settled", "lost", "doubled", "handed_out_again")]
    equal = "equal byte for byte" if found["shards_equal"] else "DIFFERENT"
    row = ["killed half-way and resumed", f"{found['workers']}", *counts, equal]
    head = [
        "how",
        "workers",
        "had lines",
        "lost",
        "doubled",
        "coded again",
        "shards to the undisturbed run's",
    ]
    note = (
        "`kill -9` of all processes when half of the pictures had their lines, then the same command again. Coded "
        "again are those that were in hand."
    )
    if other := report.get("killed_in"):
        figures = ", ".join(f"{how}: {pace:g}" for how, pace in other["items_per_second"].items())
        note += f" It was part of {other['run']}, in pictures a second: {figures}."
    return f"\n\n{markdown_table(head, [row], right=range(1, 6))}\n\n{note}"


def sizing(path: Path) -> str:
    """What so many requests a second need, from measured figures; ``path`` is the report of the uplink."""
    figures = _constants(path)
    jpeg, own, decode = figures["jpeg"], figures["bytes"], figures["decode"]
    rows = [
        ["bytes of a stream", f"{own:,.0f}", f"{WANTED * own * 8 / 1e6:,.0f} Mbit/s in"],
        ["bytes as JPEG of the same PSNR", f"{jpeg:,.0f}", f"{WANTED * jpeg * 8 / 1e6:,.0f} Mbit/s in"],
        [
            "decodes a second and core",
            f"{1 / decode:.2f}",
            f"{math.ceil(_cores(WANTED, decode)):,} cores",
        ],
        [
            "requests a second, embedded model on one core",
            f"{figures['requests']:.1f}",
            f"{math.ceil(_cores(WANTED, 1 / figures['requests'])):,} replicas",
        ],
    ]
    note = (
        f"Kodak pictures of 768 x 512 pixels at {SIZING_PSNR:g} dB; requests of 224 x 224 pixels; cores and replicas "
        f"are busy {LOAD:.0%} of their time. From uplink.json, speed.json and serving.json in benchmarks/results."
    )
    head = ["measured", "value", f"for {WANTED:,} requests a second"]
    return f"{markdown_table(head, rows, right=(1, 2))}\n\n{note}"


def decades(path: Path) -> str:
    """What grows with what from 1 to 10^9 pictures a day; ``path`` is the report of the uplink."""
    figures, rows = _constants(path), []
    for decade in range(10):
        peak = PEAK * 10**decade / DAY
        rows.append(
            [
                f"10^{decade}",
                _short(peak),
                _short(8e-6 * peak * figures["bytes"]),
                _short(8e-6 * peak * figures["jpeg"]),
                _short(1e-9 * 10**decade * figures["bytes"]),
                _short(_cores(peak, figures["decode"])),
                _short(_cores(peak, 1 / figures["requests"])),
                _bottleneck(peak, figures),
            ]
        )
    note = (
        f"Assumed: a busiest hour of {PEAK} times the day's mean, machines of {BOX_CORES} cores that are busy "
        f"{LOAD:.0%} of their time, and at most {BOXES} machines in a cluster. Streams of Kodak pictures at "
        f"{SIZING_PSNR:g} dB; cores that decode them, and cores of the embedded model, which answers about one picture "
        "a request. From uplink.json, speed.json and serving.json in benchmarks/results."
    )
    head = [
        "pictures a day",
        "a second",
        "Mbit/s",
        "as JPEG",
        "GB a day",
        "cores, decoding",
        "cores, model",
        "first bottleneck",
    ]
    return f"{markdown_table(head, rows, right=range(7))}\n\n{note}"


def _bottleneck(peak: float, figures: dict[str, float]) -> str:
    """What is used up first, the model's cores and decoding taken together."""
    cores = _cores(peak, 1 / figures["requests"] + figures["decode"])
    if cores < 0.1:
        return "none: a process waits"
    if cores < 1:
        return "none: one core"
    if cores <= BOX_CORES:
        return f"cores: {math.ceil(cores)} of one machine"
    boxes = math.ceil(cores / BOX_CORES)
    if boxes <= BOXES:
        return f"one machine: {boxes} of {BOX_CORES} cores, or GPUs"
    return f"one cluster: {boxes:,} machines"


def _cores(rate: float, seconds: float) -> float:
    """Cores for so much work a second of so long each."""
    return rate * seconds / LOAD


def _constants(path: Path) -> dict[str, float]:
    report: dict[str, Any] = load(path)
    sizes = {s["codec"]: float(s["mean"]) for s in report["sizes"] if s["psnr"] == SIZING_PSNR}
    serving = load(path.with_name("serving.json"))
    return {
        "bytes": sizes["cotam-s"],
        "jpeg": sizes["jpeg"],
        "decode": report["codec_ms"]["cotam-s"]["decode"] / 1000,
        "requests": max(run["requests_per_second"] for run in serving["runs"]),
    }


def _short(value: float) -> str:
    """Three digits; numbers below a thousandth as one."""
    if value < 0.001:
        return "< 0.001"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
