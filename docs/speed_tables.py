"""Results of ``cotam bench speed`` to Markdown."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tables import label, load, made_by, markdown_table

WHOLE = "all"
WAYS = ("encode", "decode")
FLOOR_OF = "torch"
"""The runtime whose number formats the floors are for."""
NO_PEERS = "CompressAI's models are not in this run, which was made without `--peers-python`."
PEERS = ("mbt2018-mean", "elic")

Row = dict[str, Any]


def brief(path: Path) -> str:
    """Whole times at the base size, and how often they go into those of the others."""
    report = load(path)
    counts = _threads(report)
    ours = report["codec"]
    times = {_key(row): row["milliseconds"] for row in _at_base(report, "timings") if row["stage"] == WHOLE}
    ratios = {(row["codec"], *_key(row, "rival")): row["times"] for row in _at_base(report, "ratios")}
    rows = []
    for codec in dict.fromkeys(codec for codec, _, _ in times):
        cells = [f"{times[codec, way, count]:.1f}" for way in WAYS for count in counts]
        ratio = [_times(ratios.get((ours, codec, way, counts[-1]))) for way in WAYS]
        rows.append([label(codec), *cells, *ratio])
    head = [f"{way} ms, {_named(count)}" for way in WAYS for count in counts]
    head += [f"{way}, times {label(ours)}'s" for way in WAYS]
    width, height = report["base"]
    table = markdown_table(["codec", *head], rows, right=range(1, len(head) + 1))
    return (
        f"{table}\n\nOne picture of {width} x {height}, medians of interleaved rounds, weights loaded; the last "
        f"columns are medians of the rounds' ratios with {_named(counts[-1])}. {_peers(report)}How it is measured: "
        f"benchmarks/README.md; {made_by(report)}."
    )


def ratios(path: Path) -> str:
    """How often the time of each way to run the codec goes into those of the others, with the most threads."""
    report = load(path)
    most = _threads(report)[-1]
    found = {
        (row["codec"], row["rival"], row["way"]): row["times"]
        for row in _at_base(report, "ratios")
        if row["threads"] == most
    }
    ours = [row["codec"] for row in report["codecs"] if row["ours"]]
    rivals = [row["codec"] for row in report["codecs"] if not row["ours"]]
    rows = [
        [label(rival), way, *(_times(found.get((codec, rival, way))) for codec in ours)]
        for rival in rivals
        for way in WAYS
    ]
    head = ["codec", "way", *(f"times {label(codec)}" for codec in ours)]
    return f"{markdown_table(head, rows, right=range(2, len(head)))}\n\nWith {_named(most)}."


def stages(path: Path) -> str:
    """Every stage at the base size, its share, and the floor under it."""
    report = load(path)
    counts = _threads(report)
    times = {(*_key(row), row["stage"]): row["milliseconds"] for row in _at_base(report, "timings")}
    floors = {
        (row["way"], row["threads"], row["stage"]): row["milliseconds"] for row in report["floor"]["stages"]
    }
    ours = [row["codec"] for row in report["codecs"] if row["ours"] and row["runtime"] == FLOOR_OF]
    rows = []
    for codec, way, stage in dict.fromkeys((codec, way, stage) for codec, way, _, stage in times):
        cells = []
        for count in counts:
            spent, whole = times[codec, way, count, stage], times[codec, way, count, WHOLE]
            cells += [f"{spent:.1f}", f"{100 * spent / whole:.0f} %"]
        floor = [_ms(floors.get((way, count, stage)) if codec in ours else None) for count in counts]
        rows.append([label(codec), way, stage, *cells, *floor])
    head = [text for count in counts for text in (f"ms, {_named(count)}", "share")]
    head += [f"floor ms, {_named(count)}" for count in counts]
    return markdown_table(["codec", "way", "stage", *head], rows, right=range(3, 3 + len(head)))


def floor(path: Path) -> str:
    """What the floors are made of."""
    report = load(path)
    rates = "; ".join(
        f"{row['gmacs_per_second']:g} in {row['format']} with {_named(row['threads'])}"
        for row in report["floor"]["matrix_products"]
    )
    work = {(row["way"], row["stage"]): row["macs"] for row in report["floor"]["stages"]}
    pixels = report["base"][0] * report["base"][1]
    rows = [[way, stage, f"{macs / pixels / 1000:.2f}"] for (way, stage), macs in work.items()]
    table = markdown_table(["way", "stage", "thousand multiply-adds per pixel"], rows, right=(2,))
    return f"{table}\n\nMatrix products on this machine, in billions of multiply-adds per second: {rates}."


def sizes(path: Path) -> str:
    """Time per megapixel at every size, and the fitted exponent."""
    report = load(path)
    found = {
        (*_key(row), row["width"], row["height"]): row["milliseconds"]
        for row in report["timings"]
        if row["stage"] == WHOLE
    }
    shapes = list(dict.fromkeys(key[3:] for key in found))
    rows = []
    for entry in report["growth"]:
        key = _key(entry)
        cells = [
            f"{found[*key, *shape] / (shape[0] * shape[1] / 1e6):.0f}" if (*key, *shape) in found else "–"
            for shape in shapes
        ]
        rows.append([label(key[0]), key[1], str(key[2]), *cells, f"{entry['exponent']:.2f}"])
    head = [f"ms/MP at {width} x {height}" for width, height in shapes]
    head = ["codec", "way", "threads", *head, "exponent"]
    return markdown_table(head, rows, right=range(2, len(head)))


def batches(path: Path) -> str:
    """Pictures a second by batch."""
    rows = [
        [str(row["batch"]), str(row["threads"]), f"{row['encode']:.1f}", f"{row['decode']:.1f}"]
        for row in load(path)["batches"]
    ]
    head = ["batch", "threads", "encoded pictures a second", "decoded pictures a second"]
    return markdown_table(head, rows, right=range(4))


def memory(path: Path) -> str:
    """Peak memory by codec and size."""
    found: dict[str, dict[tuple[int, int], int]] = {}
    for row in load(path)["memory"]:
        found.setdefault(row["codec"], {})[row["width"], row["height"]] = row["peak_bytes"]
    shapes = list(dict.fromkeys(shape for peaks in found.values() for shape in peaks))
    rows = [[label(codec), *(_mib(peaks.get(shape)) for shape in shapes)] for codec, peaks in found.items()]
    head = ["codec", *(f"MiB at {width} x {height}" for width, height in shapes)]
    return markdown_table(head, rows, right=range(1, len(head)))


def settings(path: Path) -> str:
    """What each codec was."""
    report = load(path)
    rows = [
        [
            label(row["codec"]),
            row["runtime"],
            row["settings"],
            "–" if row["bpp"] is None else f"{row['bpp']:.2f}",
        ]
        for row in report["codecs"]
    ]
    table = markdown_table(["codec", "run by", "settings", "bpp"], rows, right=(3,))
    return f"{table}\n\n{_peers(report)}The report was {made_by(report)}."


def _at_base(report: Row, part: str) -> Iterable[Row]:
    return (row for row in report[part] if [row["width"], row["height"]] == report["base"])


def _key(row: Row, codec: str = "codec") -> tuple[str, str, int]:
    return row[codec], row["way"], row["threads"]


def _threads(report: Row) -> list[int]:
    return sorted({row["threads"] for row in report["timings"]})


def _named(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


def _peers(report: Row) -> str:
    return "" if any(entry["codec"] in PEERS for entry in report["codecs"]) else f"{NO_PEERS} "


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _mib(value: int | None) -> str:
    return "–" if value is None else f"{value / 2**20:,.0f}"
