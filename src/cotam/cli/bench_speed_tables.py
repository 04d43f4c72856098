"""What ``cotam bench speed`` prints on the terminal."""

from typing import Any

from cotam.cli.bench_tables import new_table
from cotam.cli.console import output, size_text

WHOLE = "all"


def print_speed(report: dict[str, Any]) -> None:
    """Stages and ratios at the base size, then growth, batches, floor and memory."""
    width, height = report["base"]
    counts = sorted({row["threads"] for row in report["timings"]})
    _print_stages(report, counts, f"median milliseconds, {width}x{height}")
    _print_ratios(report, counts, f"times as long as ours, {width}x{height}")
    _print_rows("growth with pixels", report["growth"], ("codec", "way", "threads", "exponent"))
    _print_rows(
        f"pictures a second, {width}x{height}", report["batches"], ("batch", "threads", "encode", "decode")
    )
    _print_rows(
        f"floor by matrix products, {width}x{height}",
        report["floor"]["stages"],
        ("way", "stage", "threads", "milliseconds"),
    )
    memory = [
        {**row, "size": f"{row['width']}x{row['height']}", "peak": size_text(row["peak_bytes"])}
        for row in report["memory"]
    ]
    _print_rows("peak memory, encoding and decoding", memory, ("codec", "size", "peak"))


def _print_stages(report: dict[str, Any], counts: list[int], title: str) -> None:
    """One line a stage, one column a number of threads."""
    found = {
        (row["codec"], row["way"], row["stage"], row["threads"]): row["milliseconds"]
        for row in report["timings"]
        if [row["width"], row["height"]] == report["base"]
    }
    rows = [
        {"codec": key[0], "way": key[1], "stage": key[2], **{_threads(n): found[*key, n] for n in counts}}
        for key in dict.fromkeys(key[:3] for key in found)
    ]
    _print_rows(title, rows, ("codec", "way", "stage", *map(_threads, counts)))


def _print_ratios(report: dict[str, Any], counts: list[int], title: str) -> None:
    found = {
        (row["codec"], row["rival"], row["way"], row["threads"]): row["times"]
        for row in report["ratios"]
        if [row["width"], row["height"]] == report["base"]
    }
    rows = [
        {"ours": key[0], "other": key[1], "way": key[2], **{_threads(n): found[*key, n] for n in counts}}
        for key in dict.fromkeys(key[:3] for key in found)
    ]
    _print_rows(title, rows, ("ours", "other", "way", *map(_threads, counts)))


def _print_rows(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    table = new_table(title)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(
            *(f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]) for name in columns)
        )
    output().print(table)


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"
