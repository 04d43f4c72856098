"""``cotam train``: training commands; that of the codec, which writes its model file, is here."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import output, say, size_text
from cotam.cli.options import DEFAULT_MODEL, Threads
from cotam.cli.train_adapter import adapter
from cotam.cli.train_levelvqa import levelvqa
from cotam.cli.train_neck import neck
from cotam.cli.train_temporal import temporal
from cotam.cli.train_tokens import Accumulate
from cotam.errors import TrainingError

if TYPE_CHECKING:
    from cotam.training.config import CodecTrainingConfig

app = typer.Typer(help="Train models.", no_args_is_help=True, add_completion=False)

EXPORT_REPORT = "export.json"
ONLY = ("gains",)
"""Parts that can be trained alone."""


@app.callback()
def train() -> None:
    """Train models."""


@app.command(epilog="Example: cotam train codec --data photos --validation more --out run --minutes 120")
def codec(
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Folder of photographs; may be repeated.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoints, log and model file.")],
    validation: Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures to validate on.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Fit the schedule to this time.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps in all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in RUN.")] = False,
    crop: Annotated[int | None, typer.Option(help="Side of the crops, a multiple of 64.")] = None,
    batch: Annotated[int | None, typer.Option(help="Crops of a batch.")] = None,
    accumulate: Accumulate = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.")] = None,
    balance: Annotated[
        float | None, typer.Option(help="0 favours high rates in the loss, 0.6 weighs all alike.")
    ] = None,
    graphics: Annotated[
        float | None, typer.Option(help="Share of rendered text, charts and interfaces in the crops, 0 to 1.")
    ] = None,
    scenes: Annotated[
        float | None, typer.Option(help="Share of LevelVQA's training scenes in the crops, 0 to 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    bf16: Annotated[bool | None, typer.Option("--bf16/--no-bf16", help="Transforms in bfloat16.")] = None,
    compiled: Annotated[bool | None, typer.Option("--compile", help="Use torch.compile.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Loader processes.")] = 1,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Sizes to train; another name lists the known ones. With --only: a model. "
            f"(default: {DEFAULT_MODEL})",
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="gains", help="Train this of a trained model and leave the rest.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model of the same sizes whose weights a new run begins with."),
    ] = None,
    model_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Model file to write. (default: RUN/NAME.safetensors)")
    ] = None,
    threads: Threads = None,
) -> None:
    """Train a base codec on folders of photographs; what is not given follows from the device.

    Ctrl-C stops a run between two steps and leaves a checkpoint. With --resume it goes on with its own model and
    recipe, bit for bit on a CPU. A new --steps or --minutes (counted from where it stands) plans the rest anew;
    --balance, --batch, --graphics, --learning-rate and --scenes may change as well. With --only gains a model's
    networks stay as they are, and only how finely it quantises at each quality is learned: what an imported codec
    of one rate needs.
    """
    chosen = {
        "minutes": minutes,
        "steps": steps,
        "crop": crop,
        "batch": batch,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "balance": balance,
        "graphics": graphics,
        "scenes": scenes,
        "seed": seed,
        "bf16": bf16,
        "compile": compiled,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    _check(data, validation, given)
    if only not in (None, *ONLY):
        raise ValueError(f"--only must be {' or '.join(ONLY)}, not {only!r}")
    if threads:
        import torch

        torch.set_num_threads(threads)
    if model is None and not resume:
        model = DEFAULT_MODEL
    sizes = model_sizes(model) if model and not only else model
    options: dict[str, Any] = {"only": only, "start": start, "resume": resume, "workers": workers}
    training = _training(out, data, validation, given, sizes, **options)
    training.run()
    if training.accelerator.is_main_process:
        _export(out, model_file or out / f"{training.task.description['name']}.safetensors", data)


app.command(epilog="Example: cotam train levelvqa --out run --minutes 120")(levelvqa)
app.command(epilog="Example: cotam train adapter --mllm levelvqa --data levelvqa --out run --minutes 60")(
    adapter
)
app.command(epilog="Example: cotam train neck --setting d1 --data levelvqa --out run --minutes 60")(neck)
app.command(epilog="Example: cotam train temporal --data photos --out run --minutes 25")(temporal)


def _check(data: list[Path], validation: Path | None, given: dict[str, Any]) -> None:
    """Refuse what cannot work before anything is loaded or written."""
    for folder in (*data, *([validation] if validation else [])):
        if not folder.is_dir():
            problem = "is a file, a folder is needed" if folder.exists() else "no such folder"
            raise TrainingError(f"{folder}: {problem}")
    if "steps" in given and "minutes" in given:
        raise ValueError("--steps and --minutes exclude each other: choose one")
    if given.get("steps", 1) < 1:
        raise ValueError(f"--steps must be at least 1, not {given['steps']}")


def recipe(given: dict[str, Any]) -> "CodecTrainingConfig":
    """The device's preset with the options that were given."""
    import torch

    from cotam.training.config import preset_for

    preset = preset_for(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return dataclasses.replace(preset, **given)


def model_sizes(name: str) -> Any:
    """Sizes of the model that is trained."""
    from cotam.models.architectures import named_sizes

    return named_sizes(name)


def _training(
    out: Path, data: list[Path], validation: Path | None, given: dict[str, Any], sizes: Any, **options: Any
) -> Any:
    try:
        from cotam.training.train_codec import codec_run
    except ImportError as error:
        raise TrainingError(f"training needs {error.name}: pip install 'cotam[train]'") from error
    changes = given if options["resume"] else {}
    return codec_run(out, data, validation, recipe(given), sizes, changes=changes, **options)


def _export(run: Path, target: Path, data: list[Path]) -> None:
    from cotam.training.export import export_model

    say("converting to integers and fitting the frequency tables …")
    report = export_model(run, target, data, name=target.stem)
    (run / EXPORT_REPORT).write_text(json.dumps(report, indent=1) + "\n")
    print_export(target, report)


def print_export(target: Path, report: dict[str, Any]) -> None:
    """Say what was written, and what exactness costs."""
    console = output()
    console.print(f"{target}: model {report['model_id']}, {size_text(report['file_bytes'])}", markup=False)
    costs = {
        "integer_rate_cost_percent": "integer entropy networks",
        "rate_cost_percent": "with fitted tables",
    }
    for key, label in costs.items():
        if key in report:
            console.print(f"rate against the float model, {label}: {report[key]:+.3f} %")
