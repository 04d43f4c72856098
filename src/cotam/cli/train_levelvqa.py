"""``cotam train levelvqa``: train the embedded MLLM and write its checkpoints."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli.console import output, size_text
from cotam.cli.options import Threads
from cotam.cli.train_tokens import Accumulate
from cotam.errors import TrainingError

if TYPE_CHECKING:
    from cotam.training.levelvqa.config import LevelVQATrainingConfig
    from cotam.training.run import TrainingRun

MODEL_FOLDER, EXPORT_REPORT = "model", "export.json"


def levelvqa(
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoints, log and model.")],
    minutes: Annotated[float | None, typer.Option(help="Fit the schedule to this time.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps in all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in RUN.")] = False,
    tower: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Begin with the tower that another run has trained.")
    ] = None,
    language: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="With --tower: begin with another run's language model, too."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME",
            help="Begin with levelvqa, the model that ships, or the folder of one that this command has written: "
            "tower and language.",
        ),
    ] = None,
    first_scene: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="With --start: first scene, after those that the model has seen."
        ),
    ] = None,
    frozen_tower: Annotated[
        bool,
        typer.Option("--frozen-tower", help="With --tower or --start: only the language model learns."),
    ] = False,
    clips: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="With --frozen-tower: share of the pictures that are shown as clips, 0 to 1. (default: 0)",
        ),
    ] = None,
    tower_first: Annotated[
        float | None,
        typer.Option(help="First share of the schedule in which the tower learns alone, 0 to 1."),
    ] = None,
    width: Annotated[int | None, typer.Option(help="Width of the vision tower, a multiple of 32.")] = None,
    batch: Annotated[int | None, typer.Option(help="Pictures of a batch.")] = None,
    accumulate: Accumulate = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    bf16: Annotated[bool | None, typer.Option("--bf16/--no-bf16", help="Networks in bfloat16.")] = None,
    compiled: Annotated[bool | None, typer.Option("--compile", help="Use torch.compile.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that draw scenes.")] = 1,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help=f"Folder of the models. (default: RUN/{MODEL_FOLDER})")
    ] = None,
    threads: Threads = None,
) -> None:
    """Train the embedded CLIP and LLaVA on scenes drawn on the fly; what is not given follows from the device.

    With --resume the run goes on with its own recipe. A new --steps or --minutes (counted from where it stands) plans
    the rest anew; --learning-rate may change as well.
    """
    chosen = {
        "minutes": minutes,
        "steps": steps,
        "batch": batch,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "seed": seed,
        "clips": clips,
        "tower_first": tower_first,
        "first_scene": first_scene,
        "bf16": bf16,
        "compile": compiled,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    if frozen_tower:
        given |= {"frozen_tower": True, "tower_first": given.get("tower_first", 0.0)}
    if "steps" in given and "minutes" in given:
        raise ValueError("--steps and --minutes exclude each other: choose one")
    if resume and width is not None:
        raise ValueError("--width cannot change when a run is resumed")
    if tower is not None and (resume or width is not None):
        raise ValueError("--tower begins a new run with that tower's sizes: leave out --resume and --width")
    if start is not None and (tower is not None or resume or width is not None):
        raise ValueError("--start begins a new run with that model: leave out --tower, --resume and --width")
    if first_scene is not None and start is None:
        raise ValueError("--first-scene needs --start NAME: other runs know which scenes are next")
    if tower is None and (language is not None or (frozen_tower and start is None)):
        raise ValueError("--language needs --tower RUN, and --frozen-tower either that or --start NAME")
    if threads:
        import torch

        torch.set_num_threads(threads)
    training = _training(
        out, given, width, resume, tower=tower, language=language, start=start, workers=workers
    )
    training.run()
    if training.accelerator.is_main_process:
        _export(out, model or out / MODEL_FOLDER)


def recipe(given: dict[str, Any]) -> "LevelVQATrainingConfig":
    """The device's preset with the options that were given."""
    import torch

    from cotam.training.levelvqa.config import preset_for

    preset = preset_for(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return dataclasses.replace(preset, **given)


def _training(
    out: Path, given: dict[str, Any], width: int | None, resume: bool, **options: Any
) -> "TrainingRun":
    try:
        from cotam.mllm.embedded import EmbeddedSizes
        from cotam.training.levelvqa.run import levelvqa_run
    except ImportError as error:
        raise TrainingError(f"training needs {error.name}: pip install 'cotam[train,vision]'") from error
    sizes = EmbeddedSizes()
    if width is not None:
        sizes = dataclasses.replace(sizes, vision_width=width, vision_heads=max(width // 32, 1))
    changes = given if resume else {}
    return levelvqa_run(out, recipe(given), sizes, resume=resume, changes=changes, **options)


def _export(run: Path, target: Path) -> None:
    from cotam.training.levelvqa.run import export_levelvqa

    report = export_levelvqa(run, target)
    (run / EXPORT_REPORT).write_text(json.dumps(report, indent=1) + "\n")
    size = size_text(sum(report["files"].values()))
    output().print(f"{target}: {report['scenes']:,} scenes, {report['hours']} hours, {size}", markup=False)
