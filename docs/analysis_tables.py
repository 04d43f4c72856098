"""Results of ``cotam analyze`` to Markdown."""

from pathlib import Path
from typing import Any

from tables import label, load, made_by, markdown_table

STAGE_NAMES = ("1", "2", "3")
BLOCK_MEASURES = ("mean_distance", "top1_distance", "summary_share", "prefix_share")
LEVELS = ("low", "cross", "high")


def setup(path: Path) -> str:
    """What was looked at, with what, and by which command."""
    report = load(path)
    tower = report["tower"]
    rows, columns = report["grid"]
    left_out = f"; {len(report['unreadable'])} files left out" if report["unreadable"] else ""
    return (
        f"Tower `{tower['name']}` ({tower['family']}): {tower['blocks']} blocks, {tower['heads']} heads, "
        f"{tower['width']} wide, {tower['input'][0]} px in patches of {tower['patch']}: a grid of {rows} x {columns}, "
        f"whose diagonal is {report['diagonal']:.2f} patches. {report['pictures']} {report['source']}{left_out}; "
        f"codecs {', '.join(label(name) for name in report['codecs'])}, wanted {_wanted(report)}; {made_by(report)}."
    )


def findings(path: Path) -> str:
    """The claims, what became of them, and the numbers."""
    rows = [
        [row["claim"], f"**{row['verdict']}**", row["evidence"].replace("-", "−")]
        for row in load(path)["findings"]
    ]
    return markdown_table(["the paper says", "here", "figures"], rows)


def stages(path: Path) -> str:
    """Where stages begin, by what they are estimated from."""
    report = load(path)
    rows = [
        [
            f"{curves} of the originals" if curves == "attention" else f"{curves}, mean of all",
            *_borders(found),
        ]
        for curves, found in report["stages"].items()
        if found
    ]
    if not rows:
        return "*The tower has too few blocks for three stages.*"
    rows += [
        [f"attention, {label(row['codec'])} at {_rate(row, report)}", *_borders(row["stages"])]
        for row in report["conditions"]
        if row["counted"]
    ]
    return markdown_table(["estimated from", "stage 2 begins at block", "stage 3 at"], rows, right=(1, 2))


def blocks(path: Path) -> str:
    """The originals' attention by block, and the plot."""
    report = load(path)
    rows = []
    for row in report["blocks"]:
        far = [f"{row[name][0]:.2f} [{row[name][1]:.2f}, {row[name][2]:.2f}]" for name in BLOCK_MEASURES[:2]]
        shares = [row[f"{name}_share"] for name in BLOCK_MEASURES[:2]] + [
            row[name][0] for name in BLOCK_MEASURES[2:]
        ]
        rows.append([str(row["block"]), *far, *(f"{100 * share:.1f} %" for share in shares)])
    head = ["block", "D_avg", "D_top1", "D_avg / diagonal", "D_top1 / diagonal", "top 1 %", "on [CLS]"]
    return markdown_table(head, rows, right=range(7)) + _plot(path, "attention", "Attention over depth")


def similarity(path: Path) -> str:
    """Cosine at the ends of stages by codec and rate, slopes, and the plots."""
    report = load(path)
    found = report["stages"]["attention"]
    ends = [found["second"]["block"], found["third"]["block"]] if found else []
    rows = []
    for row in report["conditions"]:
        missing = "" if row["pictures"] == report["pictures"] else f" ({row['pictures']} pictures)"
        slopes = [f"{1000 * slope:+.1f}".replace("-", "−") for slope in row["slopes"]]
        cosine = [f"{row['cosine'][place]:.3f}" for place in (0, *ends, -1)]
        head = [label(row["codec"]) + missing, _rate(row, report), f"{row['bpp']:.3f}"]
        rows.append([*head, *cosine, f"{row['cka'][-1]:.3f}", *slopes])
    head = ["codec", "wanted", "bpp", "embeddings"]
    head += ["end of stage 1", "end of stage 2"] if ends else []
    head += ["last block", "CKA, last"]
    head += [f"slope {name}" for name in STAGE_NAMES] if ends else []
    return (
        markdown_table(head, rows, right=range(2, len(head)))
        + "\n\nCosine of patch tokens to those of the original, mean over patches and pictures; slopes in thousandths "
        "per block, by stage."
        + _plot(path, "similarity", "Similarity by layer")
        + _plot(path, "slopes", "Slope by stage")
    )


def accuracy(path: Path) -> str:
    """Accuracy by level, where answers were given."""
    report = load(path)
    if not report["accuracy"]:
        return "*No answers of a model were given.*"
    rows = []
    for row in report["accuracy"]:
        rate = "" if row["bpp"] is None else f"{row['bpp']:g}"
        cells = [_percent(row["levels"].get(level)) for level in LEVELS]
        rows.append([label(row["codec"]), rate, *cells])
    return markdown_table(["codec", "bpp", *LEVELS], rows, right=range(1, 5)) + _plot(
        path, "accuracy", "Accuracy by level"
    )


def worst(path: Path) -> str:
    """The pictures that lose most."""
    rows = [
        [row["name"], label(row["codec"]), f"{row['bpp']:.3f}", f"{row['cosine']:.3f}"]
        for row in load(path)["worst"]
    ]
    table = markdown_table(["picture", "codec", "bpp", "cosine after the last block"], rows, right=(2, 3))
    return table + _plot(path, "worst", "The worst pictures, with the similarity of each patch")


def _wanted(report: dict[str, Any]) -> str:
    numbers = ", ".join(f"{rate:g}" for rate in report["rates"])
    return f"{numbers} bpp" if report["rates_are"] == "bpp" else f"qualities {numbers}"


def _rate(row: dict[str, Any], report: dict[str, Any]) -> str:
    return f"{row['rate']:g} bpp" if report["rates_are"] == "bpp" else f"quality {row['rate']:g}"


def _borders(stages: dict[str, Any]) -> list[str]:
    return [
        f"{border['block']} [{border['low']}, {border['high']}]"
        for border in (stages["second"], stages["third"])
    ]


def _percent(accuracy: dict[str, Any] | None) -> str:
    return (
        ""
        if accuracy is None
        else f"{accuracy['percent']:.1f} [{accuracy['low']:.1f}, {accuracy['high']:.1f}]"
    )


def _plot(path: Path, name: str, caption: str) -> str:
    """A plot beside the JSON file, as a link from docs/."""
    picture = path.with_name(f"{path.stem}-{name}.png")
    return f"\n\n![{caption}](../{'/'.join(picture.parts[-3:])})" if picture.is_file() else ""
