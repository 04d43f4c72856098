"""What the commands of ``cotam bench`` share: lists on the command line, and the report as a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the report as JSON.")
]
Images = Annotated[Path, typer.Option("--images", metavar="DIR", help="Folder of pictures.")]
PeersPython = Annotated[
    Path | None,
    typer.Option(
        "--peers-python",
        metavar="FILE",
        help="An interpreter that has CompressAI, for its models beside ours.",
    ),
]


def split(text: str) -> list[str]:
    """The words of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def numbers(text: str | None) -> list[float] | None:
    """The numbers of a list with commas, rising; None where there are none.

    Raises:
        ValueError: a word is no number.
    """
    if text is None:
        return None
    try:
        return sorted({float(word) for word in split(text)}) or None
    except ValueError as error:
        raise ValueError(f"{text!r} is no list of numbers such as 10,50,90") from error


def write(path: Path | None, measurement: str, report: dict[str, Any]) -> None:
    """Write a report, if a file is named for it, with what made it."""
    from cotam.evaluation.reports import new_report, write_report

    if path:
        write_report(path, {**new_report(measurement), **report})
