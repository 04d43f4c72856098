"""``cotam bench conformance``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cotam.evaluation.conformance import GoldenStreams


def conformance(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR…", help="Folders of golden streams, such as tests/conformance."),
    ],
    compiled: Annotated[bool, typer.Option("--compile", help="Also through torch.compile (slow).")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the report as JSON.")
    ] = None,
) -> None:
    """Decode golden streams on every runtime that is installed here; exit code 1 if one reads other integers.

    Whoever ports the decoder, or adds a runtime, runs this. What cannot be run is named, and does not count as passed.
    """
    from cotam.cli.bench_tables import print_conformance
    from cotam.evaluation.conformance import read_golden
    from cotam.evaluation.reports import new_report, write_report

    found = [read_golden(folder) for folder in folders]
    rows = [row for golden in found for row in _decode_every_way(golden, compiled)]
    report = {
        "streams": sum(len(golden.samples) for golden in found),
        "mismatches": sum(len(row["mismatches"]) for row in rows),
        "not_run": sum(row["not_run"] is not None for row in rows),
        "runtimes": rows,
    }
    print_conformance(report)
    if json_file:
        write_report(json_file, {**new_report("conformance", ("onnxruntime", "openvino")), **report})
    raise typer.Exit(1 if report["mismatches"] else 0)


def _decode_every_way(golden: "GoldenStreams", compiled: bool) -> list[dict[str, Any]]:
    """One row a variation: what it read otherwise, or why it could not be run."""
    from cotam.cli.console import working
    from cotam.errors import ModelError
    from cotam.evaluation.exactness import mismatches
    from cotam.evaluation.variations import variations

    rows = []
    for way in variations(golden.model, compiled=compiled):
        row: dict[str, Any] = {"folder": golden.folder.name, "runtime": way.name, "not_run": None}
        with working(f"{golden.folder}: {way.name}"):
            try:
                found = list(mismatches(way, way.load(), golden.samples))
            except ModelError as error:  # an edge runtime without this model
                found, row["not_run"] = [], str(error)
        wrong = [{"stream": one.picture, "problem": one.problem} for one in found if one]
        rows.append({**row, "frames": len(found), "mismatches": wrong})
    return rows
