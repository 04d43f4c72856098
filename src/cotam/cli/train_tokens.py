"""What ``cotam train adapter`` and ``cotam train neck`` have in common."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import output, size_text
from cotam.errors import TrainingError

if TYPE_CHECKING:
    from cotam.training.adapters.run import Inputs

EXPORT_REPORT = "export.json"

Data = Annotated[
    list[str],
    typer.Option(
        metavar="levelvqa|DIR|FILE",
        help="Scenes drawn on the fly, or a folder of pictures or WebDataset shards, shards (.tar, x-{000..331}.tar), "
        "or a captions file (JSON lines with image and caption); may be repeated.",
    ),
]
Out = Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoints, log and adapter file.")]
MllmName = Annotated[
    str,
    typer.Option("--mllm", metavar="NAME", help="Hub id or folder of the MLLM; only its tower is loaded."),
]
CodecName = Annotated[str, typer.Option("--codec", metavar="NAME", help="Name or file of the codec.")]
Validation = Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures to validate on.")]
Minutes = Annotated[float | None, typer.Option(help="Fit the schedule to this time.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps in all.")]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="NAME",
        help="Adapter or neck to start from, also one for another codec or tower of these sizes.",
    ),
]
FirstScene = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="With --data levelvqa: first scene, such as after those of an earlier run."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in RUN.")]
Batch = Annotated[int | None, typer.Option(help="Pictures of a batch.")]
Accumulate = Annotated[
    int | None,
    typer.Option(
        help="Batches per step and process, 1 by default; a resumed run keeps those of all processes."
    ),
]
Size = Annotated[int | None, typer.Option(help="Side of the pictures, a multiple of 16.")]
Lowest = Annotated[float | None, typer.Option(help="Lowest quality to code at; 1 by default.")]
Highest = Annotated[float | None, typer.Option(help="Highest quality to code at; 60 by default.")]
LearningRate = Annotated[float | None, typer.Option(help="Peak of the schedule.")]
Conditioned = Annotated[
    str | None,
    typer.Option("--conditioning", metavar="none|embedding|gain", help="How the network learns the quality."),
]
Guided = Annotated[
    str | None,
    typer.Option("--guidance", metavar="TEXT", help="Level maps of this guidance instead of random ones."),
]
LowWeight = Annotated[float | None, typer.Option(help="Weight of the low-level tokens; 0.1 by default.")]
HighWeight = Annotated[float | None, typer.Option(help="Weight of the final tokens; 1 by default.")]
Prior = Annotated[
    bool | None,
    typer.Option("--prior/--no-prior", help="Add to the decoded picture's tokens, or replace them."),
]
Checkpointing = Annotated[
    bool | None, typer.Option("--checkpointing", help="Less memory for more time in the backward pass.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Bf16 = Annotated[bool | None, typer.Option("--bf16/--no-bf16", help="Networks in bfloat16.")]
Compiled = Annotated[bool | None, typer.Option("--compile", help="Use torch.compile.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that read, draw and code pictures.")]
Name = Annotated[str | None, typer.Option(help="Name to load it by. (default: of model and kind)")]
Target = Annotated[
    Path | None,
    typer.Option("--adapter", metavar="FILE", help="File to write. (default: RUN/NAME.safetensors)"),
]


def given_options(**options: Any) -> dict[str, Any]:
    """The options that were given, without those that were not.

    Raises:
        ValueError: two that exclude each other, or a number of steps that is none.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if "steps" in given and "minutes" in given:
        raise ValueError("--steps and --minutes exclude each other: choose one")
    if given.get("steps", 1) < 1:
        raise ValueError(f"--steps must be at least 1, not {given['steps']}")
    return given


def recipe(preset: Any, given: dict[str, Any]) -> Any:
    """The device's preset, with the options that were given.

    Args:
        preset: a function of the device.
        given: see `given_options`.
    """
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return dataclasses.replace(preset(device), **given)


def set_threads(threads: int | None) -> None:
    """Let torch use so many threads."""
    if threads:
        import torch

        torch.set_num_threads(threads)


def missing(error: ImportError) -> TrainingError:
    """What to say where a package is missing."""
    return TrainingError(f"training needs {error.name}: pip install 'cotam[train,vision]'")


def default_name(mllm: str, kind: str) -> str:
    """Such as ``levelvqa-adapter`` or ``llava-1.5-7b-hf-neck-d1``."""
    return f"{Path(mllm).name}-{kind}"


def new_codec(run: Path, codec: str, setting: str) -> Path:
    """File for a codec that learned, such as ``run/cotam-s-d2.safetensors``; one that goes on keeps its name."""
    return run / f"{Path(codec).stem.removesuffix(f'-{setting}')}-{setting}.safetensors"


def export(run: Path, inputs: "Inputs", name: str, target: Path | None, codec: Path | None = None) -> None:
    """Write the adapter file of a run, the codec's if it learned, and a report; say what was written."""
    from cotam.training.adapters.export import export_tokens
    from cotam.training.adapters.sources import open_source
    from cotam.training.checkpoints import load_checkpoint

    path = target or run / f"{name}.safetensors"
    source = open_source(inputs.data, load_checkpoint(run)["size"]) if codec is not None else None
    report = export_tokens(run, path, name, codec_target=codec, source=source)
    (run / EXPORT_REPORT).write_text(json.dumps(report, indent=1) + "\n")
    console = output()
    if "codec" in report:
        console.print(f"{report['codec']}: codec {report['model_id']}", markup=False)
    size = size_text(report["file_bytes"])
    console.print(f"{path}: {name} {report['adapter_id']}, {report['steps']:,} steps, {size}", markup=False)
