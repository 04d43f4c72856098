"""Options that the commands of ``cotam levelvqa`` share, and their progress bar."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.console import messages

if TYPE_CHECKING:
    from rich.progress import Progress

BASELINE_SCENES = 20_000
"""Training scenes that the baselines learn from."""

Split = Annotated[str, typer.Option(help="train, validation or test.")]
Start = Annotated[
    int, typer.Option("--seed-start", metavar="S", help="Number of the first scene in its split.")
]
Size = Annotated[int, typer.Option(help="Side of the pictures in pixels, 224 to 1024.")]
Variant = Annotated[
    str,
    typer.Option(metavar="standard|tiles", help="tiles: small objects in a large scene, from 448 pixels on."),
]
Photographs = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Pictures whose blurred crops lie under the backgrounds.")
]


@contextmanager
def progress_bar() -> "Iterator[Progress]":
    """A bar of what is done, on a terminal only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = messages()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress
