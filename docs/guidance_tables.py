"""Results of ``cotam bench guidance`` to Markdown."""

from pathlib import Path

from tables import load, machine, made_by, markdown_table

from cotam.evaluation.accuracy.cells import gain_cell

WAYS = ("uniform", "guided", "promised")


def moved(path: Path) -> str:
    """Bytes and PSNR of each region, uniform, guided and as promised."""
    report = load(path)
    rows = []
    for row in report["regions"]:
        gain = 100 * (row["guided_bytes"] / row["uniform_bytes"] - 1)
        sizes = [f"{row[f'{way}_bytes']:,.0f}" for way in WAYS]
        psnrs = [f"{row[f'{way}_psnr']:.2f}" for way in WAYS]
        rows.append([row["region"], *sizes, f"{gain:+.0f} %".replace("-", "−"), *psnrs])
    head = ["region", *(f"bytes, {way}" for way in WAYS), "moved", *(f"PSNR, {way}" for way in WAYS)]
    sizes_of = report["mean_stream_bytes"]
    return (
        markdown_table(head, rows, right=range(1, 8))
        + f"\n\nMeans over {report['pictures']} pictures; whole streams of {sizes_of['guided']:,.0f} bytes guided and "
        f"{sizes_of['uniform']:,.0f} uniform (quality {report['quality']:g}), since rate control stops within 4 % of "
        f"its target. Bytes are the information content of the region's latents. Strength "
        f"{report['strength']:g}, model `{report['model_id']}`; {made_by(report)}."
    )


def side(path: Path) -> str:
    """Mean bytes of level maps by grid."""
    report = load(path)
    rows = [[kind.replace("x", " x "), f"{count:.1f}"] for kind, count in report["side_information"].items()]
    return (
        markdown_table(["grid", "bytes"], rows, right=(1,))
        + f"\n\nDescriptor and symbols, mean over {report['pictures']} pictures, saliency, three levels."
    )


def time(path: Path) -> str:
    """Milliseconds of the parts of encoding."""
    report = load(path)
    timing = report["timing"]
    rows = [[stage, f"{count:.1f}"] for stage, count in timing["milliseconds"].items()]
    threads = f"{timing['threads']} thread{'s' * (timing['threads'] > 1)}"
    return (
        markdown_table(["part", "ms"], rows, right=(1,))
        + f"\n\nGuidance adds {timing['added_percent']:g} % to encoding a picture of {timing['picture']} "
        f"with {threads} ({timing['device']}), medians of {timing['repeat']} rounds on {machine(report)}."
    )


def search(path: Path) -> str:
    """Accuracy of guidances with the adapter, minus that of the adapter alone at equal bytes."""
    report = load(path)
    gains = {(row["method"], row["rate"]): gain_cell(row["overall"]) for row in report["differences"]}
    rates = list(dict.fromkeys(rate for _, rate in gains))
    names = list(dict.fromkeys(name for name, _ in gains))
    rows = [[f"`{_guidance(name)}`", *(gains[name, rate] for rate in rates)] for name in names]
    table = markdown_table(["guidance", *rates], rows, right=range(1, 1 + len(rates)))
    return (
        f"{table}\n\nPercentage points of accuracy at equal bytes against the adapter without guidance, paired over "
        f"{report['scenes']} scenes of the `{report['split']}` split, 95 % intervals; {made_by(report)}."
    )


def _guidance(method: str) -> str:
    """What stands between codec and adapter in a method's name; of the codec alone its name."""
    return method.removeprefix("cotam-s+").removesuffix("+adapter")
