"""``cotam models``."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import options

if TYPE_CHECKING:
    from rich.table import Table

    from cotam.checkpoint import ModelCard
    from cotam.checkpoint.adapter_cards import AdapterFile


Onnx = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the networks of --model there as ONNX files, and list nothing."),
]


def models(
    as_json: options.Json = False, onnx: Onnx = None, model: options.Model = options.DEFAULT_MODEL
) -> None:
    """List what ships with cotam: codecs, and the adapters and necks that hand their latents to an MLLM."""
    if onnx is not None:
        _export(onnx, model)
        return
    from cotam.checkpoint import known_models
    from cotam.checkpoint.adapter_cards import known_adapters
    from cotam.cli.console import output, print_json, say

    cards, adapters = known_models(), known_adapters()
    if as_json:
        print_json([*map(_plain, cards), *map(_plain_adapter, adapters)])
        return
    if not cards:
        say("no models ship with this cotam; train one with: cotam train codec --data DIR")
        return
    output().print(_codec_table(cards))
    if adapters:
        output().print(_adapter_table(adapters))


def _export(folder: Path, model: str) -> None:
    from cotam.cli.console import plural, say
    from cotam.edge import export_graphs

    written = export_graphs(folder, model)
    say(f"{model}: {plural(len(written), 'file')} written to {folder}")


def _codec_table(cards: "Sequence[ModelCard]") -> "Table":
    from rich.table import Table

    from cotam.cli.console import size_text

    table = Table(
        "codec", "id", "architecture", "parameters", "file", "description", box=None, pad_edge=False
    )
    for card in cards:
        parameters, size = f"{card.parameters:,}", size_text(card.file_bytes)
        table.add_row(card.name, card.model_id, card.architecture, parameters, size, card.description)
    return table


def _adapter_table(adapters: "Sequence[AdapterFile]") -> "Table":
    from rich.table import Table

    from cotam.checkpoint.adapter_cards import KIND_NAMES
    from cotam.cli.console import size_text

    table = Table("adapter", "id", "kind", "codec", "MLLM", "file", "training", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for file in adapters:
        card, size = file.card, size_text(file.file_bytes)
        kind = KIND_NAMES[card.kind]
        table.add_row(card.name, file.adapter_id, kind, card.codec.name, card.tower.name, size, card.training)
    return table


def _plain(card: "ModelCard") -> dict[str, Any]:
    values = {item.name: getattr(card, item.name) for item in fields(card)}
    return {"kind": "codec", **values, "path": str(card.path)}


def _plain_adapter(file: "AdapterFile") -> dict[str, Any]:
    return {**asdict(file.card), "adapter_id": file.adapter_id, "path": str(file.path)}
