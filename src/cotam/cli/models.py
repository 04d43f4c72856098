"""``cotam models``."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from cotam.cli import options

if TYPE_CHECKING:
    from cotam.checkpoint import ModelCard


def models(as_json: options.Json = False) -> None:
    """List the models that ship with cotam."""
    from rich.table import Table

    from cotam.checkpoint import known_models
    from cotam.cli.console import output, print_json, say, size_text

    cards = known_models()
    if as_json:
        print_json([_plain(card) for card in cards])
        return
    if not cards:
        say("no models ship with this cotam; train one with: cotam train codec --data DIR")
        return
    table = Table("name", "id", "architecture", "parameters", "file", "description", box=None, pad_edge=False)
    for card in cards:
        parameters, size = f"{card.parameters:,}", size_text(card.file_bytes)
        table.add_row(card.name, card.model_id, card.architecture, parameters, size, card.description)
    output().print(table)


def _plain(card: "ModelCard") -> dict[str, Any]:
    values = {item.name: getattr(card, item.name) for item in fields(card)}
    return {**values, "path": str(card.path)}
