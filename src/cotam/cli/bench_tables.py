"""What ``cotam bench`` prints on the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cotam.cli.console import output, size_text

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.evaluation.curves import Curve, Difference


def print_rates(curves: "Sequence[Curve]", against: "Sequence[Difference]", report: dict[str, Any]) -> None:
    """One line a codec: its range, and its BD-rate against the anchor."""
    anchor = report["anchor"]
    limit = report["bd_rate_up_to_bpp"]
    table = new_table(
        f"{report['pictures']} pictures; BD-rate against {anchor} up to {limit:g} bpp (over which dB)"
    )
    for column in ("codec", "bpp", "PSNR dB", "BD-rate, PSNR", "BD-rate, MS-SSIM"):
        table.add_column(column, no_wrap=True)
    found = {(row.codec, row.measure): row for row in against}
    for curve in curves:
        low, high = curve.points[0], curve.points[-1]
        cells = [f"{low.bpp:.3f}–{high.bpp:.2f}", f"{low.psnr:.1f}–{high.psnr:.1f}"]
        for measure in ("psnr", "ms_ssim_db"):
            cells.append("" if curve.codec == anchor else _difference(found[curve.codec, measure]))
        table.add_row(curve.codec, *cells)
    output().print(table)
    for row in against:
        if row.problem:
            output().print(f"{row.codec} ({row.measure}): {row.problem}")
    if report["regularity"]:
        _print_regularity(report["regularity"])


def print_exactness(report: dict[str, Any]) -> None:
    """One line a variation."""
    table = new_table(f"{report['streams']} streams")
    table.add_column("variation")
    table.add_column("decoded differently", justify="right")
    for name, count in report["variations"].items():
        table.add_row(name, str(count))
    output().print(table)
    for name, reason in report["not_run"].items():
        output().print(f"{name}: not run: {reason}", markup=False)


def print_conformance(report: dict[str, Any]) -> None:
    """One line a folder and runtime, then every stream that was read otherwise."""
    table = new_table(f"{report['streams']} frames of golden streams")
    table.add_column("streams")
    table.add_column("runtime")
    table.add_column("decoded differently", justify="right")
    for row in report["runtimes"]:
        result = "not run" if row["not_run"] else f"{len(row['mismatches'])} of {row['frames']}"
        table.add_row(row["folder"], row["runtime"], result)
    output().print(table)
    for row in report["runtimes"]:
        where = f"{row['folder']}, {row['runtime']}"
        for one in row["mismatches"]:
            output().print(f"{where}: {one['stream']}: {one['problem']}", markup=False)
        if row["not_run"]:
            output().print(f"{where}: not run: {row['not_run']}", markup=False)


def print_robustness(report: dict[str, Any]) -> None:
    """One line an outcome, then the extremes."""
    table = new_table(f"{report['num']} spoilt streams, seed {report['seed']}")
    table.add_column("outcome")
    table.add_column("streams", justify="right")
    for name, count in report["outcomes"].items():
        table.add_row(name, str(count))
    output().print(table)
    growth = size_text(report["largest_growth_bytes"])
    output().print(f"slowest {report['slowest_seconds']:.3f} s, largest growth of peak memory {growth}")
    for row in report["failures"][:10]:
        output().print(
            f"case {row['index']} ({row['mutation']}): {row['result']} {row['message']}", markup=False
        )


def print_guidance(report: dict[str, Any]) -> None:
    """One line a region, then side information and times."""
    sizes = " of ".join(f"{report['mean_stream_bytes'][way]:,.0f}" for way in ("guided", "uniform"))
    table = new_table(f"{report['pictures']} pictures, a user's map at equal size ({sizes} bytes)")
    for column in ("region", "bytes uniform", "guided", "promised", "PSNR uniform", "guided", "promised"):
        table.add_column(column, justify="left" if column == "region" else "right")
    for row in report["regions"]:
        numbers = [f"{row[f'{way}_bytes']:,.0f}" for way in ("uniform", "guided", "promised")]
        numbers += [f"{row[f'{way}_psnr']:.2f}" for way in ("uniform", "guided", "promised")]
        table.add_row(row["region"], *numbers)
    output().print(table)
    sides = ", ".join(f"{kind} {count:g}" for kind, count in report["side_information"].items())
    output().print(f"side information in bytes: {sides}")
    timing = report["timing"]
    times = ", ".join(f"{stage} {count:.1f} ms" for stage, count in timing["milliseconds"].items())
    output().print(f"{times}: guidance adds {timing['added_percent']:g} % ({timing['threads']} threads)")


def _difference(row: "Difference") -> str:
    if row.percent is None:
        return "not comparable"
    return f"{row.percent:+.1f} % ({row.low:.1f}–{row.high:.1f})"


def _print_regularity(found: dict[str, Any]) -> None:
    qualities = ", ".join(f"{quality:g}" for quality in found["over_qualities"])
    verdict = "rise on every picture" if found["monotone"] else f"FALL in {len(found['falls'])} places"
    output().print(f"bytes and PSNR over qualities {qualities}: {verdict}")
    worst = found["largest_excess"]
    output().print(
        f"coded over ideal size: at most {worst['excess_bytes']:.1f} of {worst['ideal_bytes']:.0f} bytes, "
        f"{'within' if found['coded_size_within_bound'] else 'BEYOND'} 1 % + 8 bytes everywhere"
    )


def new_table(title: str) -> "Table":
    """An empty table with a title."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(title=title, title_justify="left", box=SIMPLE_HEAD)
