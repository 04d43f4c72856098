"""Results, as ``cotam bench`` writes them, to Markdown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LABELS = {
    "jpeg": "JPEG",
    "webp": "WebP",
    "avif": "AVIF",
    "elic": "ELIC (CompressAI)",
    "mbt2018-mean": "mbt2018-mean (CompressAI)",
}
OUR_CODEC = "cotam-s"
OUTCOMES = {
    "BitstreamError": "were refused",
    "another model": "named another model",
    "picture": "still gave a picture",
}
NAMED_VERSIONS = ("torch", "pillow", "cotam")
SHOWN_QUALITIES = (1, *range(10, 101, 10))
PREFIX_BYTES = 8


def rate(path: Path) -> str:
    """BD-rates of every codec against the anchor, and of ours against each other one."""
    report = load(path)
    anchor = report["anchor"]
    rows = []
    for entry in report["codecs"]:
        name = entry["codec"]
        cells = [_difference(report, name, anchor, measure) for measure in ("psnr", "ms_ssim_db")]
        rows.append([label(name), *cells, _difference(report, OUR_CODEC, name, "psnr"), entry["settings"]])
    head = ["codec", f"against {label(anchor)}, PSNR", "MS-SSIM", f"{OUR_CODEC} against it, PSNR", "settings"]
    text = markdown_table(head, rows, right=(1, 2, 3))
    note = (
        f"BD-rate over {report['pictures']} pictures and whole files, negative is better, from points of at most "
        f"{report['bd_rate_up_to_bpp']:g} bpp; in brackets what both curves cover. How it is measured: "
        f"benchmarks/README.md; {made_by(report)}."
    )
    picture = path.with_suffix(".png")
    image = f"\n\n![Rate–distortion curves]({'/'.join(picture.parts[-3:])})" if picture.is_file() else ""
    return f"{text}\n\n{note}{image}"


def rate_curve(path: Path) -> str:
    """Our codec's mean rate and distortion by quality."""
    rows = [
        [f"{point['quality']:g}", f"{point['bpp']:.3f}", f"{point['psnr']:.2f}", f"{point['ms_ssim_db']:.2f}"]
        for point in load(path)["curves"]
        if point["codec"] == OUR_CODEC and point["quality"] in SHOWN_QUALITIES
    ]
    return markdown_table(["quality", "bpp", "PSNR dB", "MS-SSIM dB"], rows, right=range(4))


def regularity(path: Path) -> str:
    """What holds on every single picture."""
    found = load(path)["regularity"]
    if not found:
        return "*Not measured: the report is without cotam-s.*"
    worst, falls = found["largest_excess"], len(found["falls"])
    monotone = "rise" if found["monotone"] else f"rise, but for {falls} exceptions,"
    bound = "all" if found["coded_size_within_bound"] else "not all"
    return (
        f"- Bytes and PSNR {monotone} with quality over {', '.join(f'{q:g}' for q in found['over_qualities'])} "
        f"on every picture.\n"
        f"- Coded size is within 1 % + 8 bytes of the entropy model's ideal on {bound} pictures; the largest excess is "
        f"{worst['excess_bytes']:.1f} bytes on an ideal of {worst['ideal_bytes']:,.1f}."
    )


def exactness(path: Path) -> str:
    """How many streams each way of decoding got wrong."""
    report = load(path)
    rows = [[name, f"{count} of {report['streams']}"] for name, count in report["variations"].items()]
    return (
        markdown_table(["decoded with", "streams that differ"], rows, right=(1,))
        + f"\n\nStreams encoded on {machine(report['origin'])}; {made_by(report)}."
    )


def exactness_of_peers(path: Path) -> str:
    """How many pictures CompressAI's models decoded wrongly under each change."""
    report = load(path)
    names = list(report["settings"])
    found = {(row["codec"], row["variation"]): row for row in report["variations"]}
    rows = [
        [variation, *(_wrong(found[name, variation], report["pictures"]) for name in names)]
        for variation in dict.fromkeys(variation for _, variation in found)
    ]
    steps = report["trained_steps"]
    trained = f"trained for {steps} steps" if steps else "random weights, latents spread as in trained models"
    return (
        markdown_table(["decoder's only change", *map(label, names)], rows, right=range(1, 1 + len(names)))
        + f"\n\nPictures decoded to other symbols, and in brackets the share of symbols; {trained}. CompressAI "
        f"{report['compressai']}; {made_by(report)}."
    )


def robustness(path: Path) -> str:
    """What spoilt streams led to."""
    report = load(path)
    counts = {OUTCOMES.get(name, name): count for name, count in sorted(report["outcomes"].items())}
    outcomes = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return (
        f"{report['num']:,} spoilt streams: {outcomes}; {len(report['failures'])} failures. The slowest took "
        f"{report['slowest_seconds']:.2f} s, and the largest growth of memory was "
        f"{report['largest_growth_bytes'] / 1e6:.1f} MB; {made_by(report)}."
    )


def model_card(path: Path) -> str:
    """What a model file says of itself, read from its safetensors header."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(PREFIX_BYTES), "little")))
    meta = header.pop("__metadata__")
    numbers = sum(_product(tensor["shape"]) for tensor in header.values())
    sizes = ", ".join(f"{key} {value}" for key, value in json.loads(meta["config"]).items())
    rows = [
        ["name", meta["name"]],
        ["model id", f"`{meta['model_id']}`"],
        ["architecture", meta["architecture"]],
        ["sizes", sizes],
        ["numbers stored", f"{numbers:,}"],
        ["file", f"{path.stat().st_size:,} bytes"],
        ["trained on", meta["description"]],
    ]
    return markdown_table(["", ""], rows)


def export(path: Path) -> str:
    """What the conversion to integers costs."""
    report = load(path)
    return (
        f"Rate against the float entropy model: {signed(report['integer_rate_cost_percent'], 3)} with the integer "
        f"networks alone, {signed(report['rate_cost_percent'], 3)} with the fitted tables on top."
    )


def made_by(report: dict[str, Any]) -> str:
    """The command that made a report, on what."""
    versions = ", ".join(f"{name} {report['versions'][name]}" for name in NAMED_VERSIONS)
    return f"made by `{report['command']}` on {machine(report)} ({versions})"


def machine(report: dict[str, Any]) -> str:
    """The machine of a report."""
    where = report["machine"]
    return where["cpu"] + (f" with {where['gpu']}" if where.get("gpu") else "")


def load(path: Path) -> dict[str, Any]:
    """Read a report."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """A table; the columns in ``right`` are numbers."""
    numbers = set(right)
    line = ["---:" if column in numbers else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, line, *rows))


def label(codec: str) -> str:
    """A codec's name as people write it."""
    return LABELS.get(codec, codec)


def signed(percent: float, digits: int = 1) -> str:
    """A difference in percent with its sign."""
    return f"{percent:+.{digits}f} %".replace("-", "−")


def _wrong(row: dict[str, Any], pictures: int) -> str:
    share = f" ({100 * row['wrong_symbols']:.2g} %)" if row["wrong"] else ""
    return f"{row['wrong']} of {pictures}{share}"


def _difference(report: dict[str, Any], codec: str, anchor: str, measure: str) -> str:
    for row in report["bd_rates"]:
        if (row["codec"], row["anchor"], row["measure"]) == (codec, anchor, measure):
            if "percent" not in row:
                return "no overlap"
            return f"{signed(row['percent'])} ({row['low']:.1f}–{row['high']:.1f} dB)"
    return "–"


def _product(shape: Sequence[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def conformance(path: Path) -> str:
    """Golden streams that each runtime decodes to other integers."""
    report = load(path)
    counts: dict[str, list[int]] = {}
    for row in report["runtimes"]:
        found = counts.setdefault(row["runtime"], [0, 0])
        found[0] += len(row["mismatches"])
        found[1] += 0 if row["not_run"] else row["frames"]
    rows = [[name, f"{wrong} of {frames}"] for name, (wrong, frames) in counts.items()]
    table = markdown_table(["runtime", "golden frames that differ"], rows, right=(1,))
    return f"{table}\n\nM{made_by(report)[1:]}."


def fuzz(path: Path) -> str:
    """What coverage-guided fuzzing found."""
    report = load(path)
    return (
        f"{report['executions']:,} executions of header, container and level map under atheris "
        f"{report['versions']['atheris']}, {report['coverage_edges']} edges reached: {report['crashes']} crashes; at "
        f"most {report['peak_megabytes']} MB; {made_by(report)}."
    )


def memory_growth(path: Path) -> str:
    """Memory over many cycles."""
    report = load(path)
    ends = report["readings"][0], report["readings"][-1]
    sizes = ", ".join(f"{row['resident_bytes'] / 1e6:.1f} MB after {row['cycles']:,}" for row in ends)
    return f"{report['cycles']:,} cycles of encoding, decoding and refusing in one process: {sizes}; {made_by(report)}."
