"""``cotam train temporal``: train the networks that code predicted frames, and write their file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cotam.cli.console import say
from cotam.cli.options import Threads
from cotam.cli.train_tokens import Accumulate
from cotam.errors import TrainingError

FILE, REPORT = "temporal.safetensors", "export.json"


def temporal(
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Folder of photographs; may be repeated.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of checkpoints, log and file.")],
    validation: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Photographs to validate on.")
    ] = None,
    codec: Annotated[
        str, typer.Option(metavar="NAME", help="The base model, which stays as it is.")
    ] = "cotam-s",
    minutes: Annotated[float | None, typer.Option(help="Fit the schedule to this time.")] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps in all.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in RUN.")] = False,
    batch: Annotated[int | None, typer.Option(help="Pairs of a batch.")] = None,
    accumulate: Accumulate = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the schedule.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Loader processes.")] = 0,
    target: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", help=f"File to write. (default: RUN/{FILE})")
    ] = None,
    threads: Threads = None,
) -> None:
    """Train the coding of predicted frames on pairs made of photographs and rendered scenes.

    Each pair is a frame and the one before it. With --resume the run goes on with its own recipe; --steps,
    --minutes and --learning-rate may change.
    """
    chosen = {
        "minutes": minutes,
        "steps": steps,
        "batch": batch,
        "accumulate": accumulate,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    if "steps" in given and "minutes" in given:
        raise ValueError("--steps and --minutes exclude each other: choose one")
    for folder in (*data, *([validation] if validation else [])):
        if not folder.is_dir():
            raise TrainingError(f"{folder}: no such folder")
    try:
        from cotam.training.temporal.config import TemporalTrainingConfig
        from cotam.training.temporal.export import export_temporal
        from cotam.training.temporal.task import temporal_run
    except ImportError as error:
        raise TrainingError(f"training needs {error.name}: pip install 'cotam[train]'") from error
    if threads:
        import torch

        torch.set_num_threads(threads)
    config = TemporalTrainingConfig() if resume else TemporalTrainingConfig.from_dict(given)
    folders = [validation] if validation else []
    changes = given if resume else {}
    training = temporal_run(
        out, data, folders, config, codec, resume=resume, changes=changes, workers=workers
    )
    training.run()
    if training.accelerator.is_main_process:
        report = export_temporal(out, target or out / FILE)
        (out / REPORT).write_text(json.dumps(report, indent=2) + "\n")
        say(f"wrote {target or out / FILE}: {report['name']} ({report['temporal_id']})")
