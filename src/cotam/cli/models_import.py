"""``cotam models import``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.console import output, print_json, say, size_text, working
from cotam.cli.options import Json

if TYPE_CHECKING:
    from cotam.training.importing import Import

ENDINGS = (".tar", ".pth", ".pt", ".ckpt", ".bin")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors, .pth, .pt or .pth.tar file.")],
    architecture: Annotated[
        str,
        typer.Option(
            "--as", metavar="NAME", help="What the checkpoint is; another name lists the known ones."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Model file to write. (default: beside FILE)")
    ] = None,
    lmbda: Annotated[
        float | None,
        typer.Option(metavar="λ", help="What it was trained for, in R + λ · 255² · MSE; sets its quality."),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Photographs to fit the frequency tables to; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a model file of someone else's checkpoint, with exact entropy networks and gains for every quality.

    Says of every key whether it was taken (--json lists all), and of a checkpoint that is not whole, which weights
    are missing. Only tensors and plain values are read from a checkpoint: one that holds code is refused.
    """
    from cotam.checkpoint.registry import SUFFIX

    target = out or file.with_name(f"{_stem(file, SUFFIX)}-{architecture}{SUFFIX}")
    if target.exists() and target.samefile(file):
        raise ValueError(f"{target}: is the checkpoint itself; choose another --out")
    made = _import(file, target, architecture, lmbda, data or [], as_json)
    if as_json:
        print_json(made.to_dict())
        return
    keys = made.keys
    say(f"{file}: {keys.layout}")
    say(
        f"keys: {len(keys.matched)} matched, {len(keys.unneeded)} not needed, none missing, "
        f"{len(keys.unexpected)} unexpected and left out"
    )
    for key in keys.unexpected:
        say(f"  unexpected: {key}")
    for name, percent in made.costs.items():
        say(f"{name.replace('_percent', '').replace('_', ' ')}: {percent:+.3f} %")
    output().print(f"{target}: model {made.model_id}, {size_text(target.stat().st_size)}", markup=False)


def _import(
    file: Path, target: Path, architecture: str, lmbda: float | None, data: list[Path], as_json: bool
) -> "Import":
    from cotam.errors import TrainingError

    try:
        from cotam.models.foreign import ForeignError
        from cotam.training.importing import MIDDLE_LMBDA, import_checkpoint
    except ImportError as error:
        raise TrainingError(f"importing needs {error.name}: pip install 'cotam[train]'") from error
    chosen = MIDDLE_LMBDA if lmbda is None else lmbda
    try:
        with working("converting to integers and fitting the frequency tables …"):
            return import_checkpoint(file, target, architecture, lmbda=chosen, data=data)
    except ForeignError as error:
        _list_missing(error.missing, as_json)
        raise


def _list_missing(names: Sequence[str], as_json: bool) -> None:
    """Name all weights that were not found; the error names the first of them."""
    if as_json:
        print_json({"missing": list(names)})
    else:
        for name in names:
            say(f"  missing: {name}")


def _stem(file: Path, *more: str) -> str:
    """The name without the endings of checkpoints and ``more``, of which there may be two."""
    while file.suffix in (*ENDINGS, *more):
        file = file.with_suffix("")
    return file.name
