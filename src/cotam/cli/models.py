"""``cotam models``: what there is, and files of models: shown, checked, handed on, made of others' checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import options
from cotam.cli.models_files import export, show, verify
from cotam.cli.models_import import import_

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.checkpoint import ModelCard
    from cotam.checkpoint.adapter_cards import AdapterFile

LAYOUT: dict[str, Any] = {"box": None, "pad_edge": False, "padding": (0, 1, 0, 0)}
"""Of both tables: they are to fit 80 columns."""

app = typer.Typer(
    help="List models, show and check their files, and export or import codecs.",
    epilog="Example: cotam models --json",
    invoke_without_command=True,
    add_completion=False,
)

Onnx = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the networks of --model there as ONNX files, and list nothing."),
]


@app.callback()
def models(
    context: typer.Context,
    as_json: options.Json = False,
    onnx: Onnx = None,
    model: options.Model = options.DEFAULT_MODEL,
) -> None:
    """List models, show and check their files, and export or import codecs."""
    if onnx is not None:
        if context.invoked_subcommand is not None:
            raise ValueError(f"--onnx goes without a subcommand, not with {context.invoked_subcommand}")
        _write_graphs(onnx, model)
    elif context.invoked_subcommand is None:
        list_(as_json)


@app.command("list", epilog="Example: cotam models list --json")
def list_(as_json: options.Json = False) -> None:
    """List what ships with cotam: codecs, and the adapters and necks that hand their latents to an MLLM."""
    from cotam.checkpoint import known_models
    from cotam.checkpoint.adapter_cards import known_adapters
    from cotam.cli.console import output, print_json, say

    cards, adapters = known_models(), known_adapters()
    if as_json:
        print_json([model.plain() for model in (*cards, *adapters)])
        return
    if not cards:
        say("no models ship with this cotam; train one with: cotam train codec --data DIR")
        return
    output().print(_codec_table(cards))
    if adapters:
        output().print()
        output().print(_adapter_table(adapters))
    say("\nhow each was trained: cotam models --json")


app.command(epilog="Example: cotam models show cotam-s")(show)
app.command(epilog="Example: cotam models verify cotam-s levelvqa-adapter mine.safetensors")(verify)
app.command(epilog="Example: cotam models export cotam-s --out cotam-s-model")(export)
app.command(
    "import", epilog="Example: cotam models import elic.pth.tar --as elic --lmbda 0.013 --data photos"
)(import_)


def _write_graphs(folder: Path, model: str) -> None:
    from cotam.cli.console import plural, say
    from cotam.edge import export_graphs

    written = export_graphs(folder, model)
    say(f"{model}: {plural(len(written), 'file')} written to {folder}")


def _codec_table(cards: "Sequence[ModelCard]") -> "Table":
    from rich.table import Table

    from cotam.cli.console import size_text

    table = Table("codec", "id", "architecture", "parameters", "file", **LAYOUT)
    for card in cards:
        parameters, size = f"{card.parameters:,}", size_text(card.file_bytes)
        table.add_row(card.name, card.model_id, card.architecture, parameters, size)
    return table


def _adapter_table(adapters: "Sequence[AdapterFile]") -> "Table":
    from rich.table import Table

    from cotam.checkpoint.adapter_cards import KIND_NAMES
    from cotam.cli.console import size_text

    table = Table("adapter", "id", "kind", "codec", "MLLM", "file", **LAYOUT)
    for name in (0, 1):
        table.columns[name].no_wrap = True
    for file in adapters:
        card, size = file.card, size_text(file.file_bytes)
        kind = KIND_NAMES[card.kind]
        table.add_row(card.name, file.adapter_id, kind, card.codec.name, card.tower.name, size)
    return table
