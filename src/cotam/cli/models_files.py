"""``cotam models show``, ``verify`` and ``export``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cotam.cli.console import escaped, output, print_json, say, size_text
from cotam.cli.options import Json

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="Name, path of a file, or OWNER/NAME@REVISION on the hub.")
]
CHECK_SIDE, CHECK_QUALITIES = 64, (10.0, 50.0, 90.0)
"""Side of the picture that a model is checked on, and qualities."""


def show(model: ModelName, as_json: Json = False) -> None:
    """Show what the file of a codec, adapter or neck says of itself."""
    from rich.table import Table

    from cotam.checkpoint import find_adapter, find_model
    from cotam.checkpoint.adapter_cards import is_adapter

    found = (find_adapter(model) if is_adapter(model) else find_model(model)).plain()
    if as_json:
        print_json(found)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in found.items():
        if value is None:
            continue
        table.add_row(name, size_text(value) if name == "file_bytes" else escaped(_text(value)))
    output().print(table)


def verify(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Names, paths of files, or models on the hub.")
    ],
) -> None:
    """Check files: content against id and shapes; of codecs tables, that no sum can overflow, a picture there and back.

    The first that fails ends it, with exit code 1.
    """
    from cotam.checkpoint.adapter_cards import is_adapter

    for model in models:
        if is_adapter(model):
            say(f"{model}: {_checked_adapter(model)}: content and shapes are right")
        else:
            say(
                f"{model}: {_checked(model)}: content, tables and exactness are right, and it codes a picture"
            )


def export(
    model: ModelName,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write: file and page, as the hub has them.")
    ],
) -> None:
    """Write a model as a folder to hand on: model.safetensors and a page about it. A damaged file is refused."""
    from cotam.checkpoint.model_page import export_folder
    from cotam.checkpoint.stored import read_stored

    for path in export_folder(read_stored(model).card, out):
        say(f"{path}: {size_text(path.stat().st_size)}")


def _text(value: Any) -> str:
    return (
        ", ".join(f"{name} {entry}" for name, entry in value.items())
        if isinstance(value, dict)
        else str(value)
    )


def _checked_adapter(name: str) -> str:
    """Load an adapter or neck, which checks it; returns its id."""
    from cotam.checkpoint import find_adapter, load_adapter

    load_adapter(name)
    return find_adapter(name).adapter_id


def _checked(model: str) -> str:
    """Load a model, which checks it, and code a picture with it; returns its id."""
    import numpy as np

    from cotam.codec import load_codec
    from cotam.errors import ModelError

    codec = load_codec(model)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = np.kron(coarse, np.ones((CHECK_SIDE // 8, CHECK_SIDE // 8, 1), np.uint8))
    for quality in CHECK_QUALITIES:
        if codec.decode(codec.encode(picture, quality)).size != (CHECK_SIDE, CHECK_SIDE):
            raise ModelError(f"{model}: a picture comes back in another size")
    return codec.model_id.hex()
