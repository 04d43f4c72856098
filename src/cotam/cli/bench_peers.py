"""``cotam bench peers``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cotam.cli.bench_options import Images, JsonFile, PeersPython, write
from cotam.cli.bench_tables import new_table
from cotam.cli.console import messages, output


def peers(
    images: Images,
    peers_python: PeersPython = None,
    train: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Pictures to train the peers on first; none leaves random weights."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Steps of training.")] = 300,
    num: Annotated[int, typer.Option(min=1, metavar="N", help="Pictures of the folder to take.")] = 8,
    compiled: Annotated[bool, typer.Option("--compile", help="Also through torch.compile (slow).")] = False,
    json_file: JsonFile = None,
) -> None:
    """Decode CompressAI's streams under the changes of ``cotam bench exactness``, and count wrong pictures."""
    from cotam.evaluation.peer_exactness import measure_peers

    if peers_python is None:
        raise ValueError("--peers-python must name an interpreter that has CompressAI")
    with messages().status("training and decoding", spinner="line"):
        report = measure_peers(peers_python, images, train, steps, num, compiled=compiled)
    _print(report)
    write(json_file, "peers", report)


def _print(report: dict[str, Any]) -> None:
    table = new_table(f"of {report['pictures']} pictures, decoded wrongly")
    for column in ("codec", "decoded with", "pictures", "symbols"):
        table.add_column(column, no_wrap=True)
    for row in report["variations"]:
        table.add_row(row["codec"], row["variation"], str(row["wrong"]), f"{row['wrong_symbols']:.3%}")
    output().print(table)
