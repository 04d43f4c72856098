"""``cotam models import``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.console import output, print_json, say, size_text, working
from cotam.cli.options import Json

if TYPE_CHECKING:
    from cotam.training.importing import Import

SUFFIX = ".safetensors"
ENDINGS = (".tar", ".pth", ".pt", ".ckpt", ".bin", SUFFIX)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors, .pth, .pt or .pth.tar file.")],
    architecture: Annotated[str, typer.Option("--as", metavar="elic", help="What the checkpoint is.")],
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

    Says of every key whether it was taken (--json lists all). Only tensors and plain values are read from a
    checkpoint: one that holds code is refused.
    """
    target = out or file.with_name(f"{_stem(file)}-{architecture}{SUFFIX}")
    if target.exists() and target.samefile(file):
        raise ValueError(f"{target}: is the checkpoint itself; choose another --out")
    made = _import(file, target, architecture, lmbda, data or [])
    if as_json:
        print_json(made.to_dict())
        return
    keys = made.keys
    say(f"{file}: {keys.layout}")
    say(
        f"keys: {len(keys.matched)} matched, {len(keys.unneeded)} not needed, {len(keys.missing)} missing, "
        f"{len(keys.unexpected)} unexpected and left out"
    )
    for key in keys.unexpected:
        say(f"  unexpected: {key}")
    for name, percent in made.costs.items():
        say(f"{name.replace('_percent', '').replace('_', ' ')}: {percent:+.3f} %")
    output().print(f"{target}: model {made.model_id}, {size_text(target.stat().st_size)}", markup=False)


def _import(file: Path, target: Path, architecture: str, lmbda: float | None, data: list[Path]) -> "Import":
    from cotam.errors import TrainingError

    try:
        from cotam.training.importing import MIDDLE_LMBDA, import_checkpoint
    except ImportError as error:
        raise TrainingError(f"importing needs {error.name}: pip install 'cotam[train]'") from error
    with working("converting to integers and fitting the frequency tables …"):
        return import_checkpoint(file, target, architecture, lmbda=lmbda or MIDDLE_LMBDA, data=data)


def _stem(file: Path) -> str:
    """The name without the endings of checkpoints, of which there may be two."""
    while file.suffix in ENDINGS:
        file = file.with_suffix("")
    return file.name
