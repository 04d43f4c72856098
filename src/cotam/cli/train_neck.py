"""``cotam train neck``: train a transform-neck for an MLLM and a codec, and write its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cotam.cli import train_tokens as tokens
from cotam.cli.console import say
from cotam.cli.options import Threads

if TYPE_CHECKING:
    from cotam.training.adapters.run import Inputs
    from cotam.training.run import TrainingRun

SETTING, BLOCK = "d1", 2


def neck(
    data: tokens.Data,
    out: tokens.Out,
    setting: Annotated[
        str,
        typer.Option(
            metavar="d1|d2|d3", help="Codec frozen; trained on for people and machines; for machines only."
        ),
    ] = SETTING,
    mllm: tokens.MllmName = "levelvqa",
    codec: tokens.CodecName = "cotam-s",
    text_side: Annotated[
        str | None, typer.Option(metavar="NAME", help="The CLIP or SigLIP that the MLLM's tower is of.")
    ] = None,
    block: Annotated[int, typer.Option(min=0, help="Block of the tower that takes the tokens.")] = BLOCK,
    surrogate: Annotated[
        float | None, typer.Option(help="Weight of zero-shot cross entropy and pooled distillation.")
    ] = None,
    fidelity: Annotated[
        float | None,
        typer.Option(
            help="Weight of the final tokens' MSE, beyond the paper; 100 for the embedded model, else 0."
        ),
    ] = None,
    head_start: Annotated[
        float | None,
        typer.Option(
            help="First share of the run, which imitates the tower's own tokens; 0.4 for the embedded model, else 0."
        ),
    ] = None,
    machine: Annotated[
        float | None, typer.Option(help="d2, d3: weight of what the tower sees against the rate.")
    ] = None,
    validation: tokens.Validation = None,
    minutes: tokens.Minutes = None,
    steps: tokens.Steps = None,
    start: tokens.Start = None,
    first_scene: tokens.FirstScene = None,
    resume: tokens.Resume = False,
    batch: tokens.Batch = None,
    accumulate: tokens.Accumulate = None,
    size: tokens.Size = None,
    lowest: tokens.Lowest = None,
    highest: tokens.Highest = None,
    learning_rate: tokens.LearningRate = None,
    conditioning: tokens.Conditioned = None,
    guidance: tokens.Guided = None,
    checkpointing: tokens.Checkpointing = None,
    seed: tokens.Seed = None,
    bf16: tokens.Bf16 = None,
    compiled: tokens.Compiled = None,
    workers: tokens.Workers = 1,
    name: tokens.Name = None,
    target: tokens.Target = None,
    threads: Threads = None,
) -> None:
    """Train a transform-neck; the vision tower stays as it is, and with d1 the codec too.

    d2 and d3 write a codec of their own beside it. Without a text side the pooled feature is distilled and nothing is
    classified. --resume as in cotam train adapter.
    """
    given = tokens.given_options(
        minutes=minutes,
        steps=steps,
        batch=batch,
        accumulate=accumulate,
        size=size,
        lowest=lowest,
        highest=highest,
        learning_rate=learning_rate,
        conditioning=conditioning,
        guidance=guidance,
        checkpointing=checkpointing,
        first_scene=first_scene,
        seed=seed,
        bf16=bf16,
        compile=compiled,
        surrogate=surrogate,
        fidelity=fidelity,
        head_start=head_start,
        machine=machine,
    )
    tokens.set_threads(threads)
    inputs = _inputs(mllm, codec, data, validation, text_side, workers, start)
    training = _training(out, inputs, given, setting, block, resume)
    training.run()
    if training.accelerator.is_main_process:
        setting = getattr(training.config, "setting", setting)
        new_codec = None if setting == "d1" else tokens.new_codec(out, codec, setting)
        tokens.export(out, inputs, name or tokens.default_name(mllm, f"neck-{setting}"), target, new_codec)


def _inputs(*given: Any) -> "Inputs":
    try:
        from cotam.training.adapters.run import Inputs
    except ImportError as error:
        raise tokens.missing(error) from error
    return Inputs(*given)


def _training(
    out: Path, inputs: "Inputs", given: dict[str, Any], setting: str, block: int, resume: bool
) -> "TrainingRun":
    from cotam.training.adapters.config import EMBEDDED_FIDELITY, EMBEDDED_HEAD_START, neck_preset
    from cotam.training.adapters.run import neck_run

    new: dict[str, Any] = {"setting": setting, "block": block}
    if is_embedded(inputs.mllm):
        new |= {"fidelity": EMBEDDED_FIDELITY, "head_start": EMBEDDED_HEAD_START}
    config = tokens.recipe(neck_preset, new | given)
    training = neck_run(out, inputs, config, resume=resume, changes=given if resume else {})
    judge: Any = training.task
    if judge.judge.targets is None and judge.config.surrogate:
        say(f"{inputs.mllm}: no text side, so pooled features are distilled and nothing is classified")
    return training


def is_embedded(mllm: str) -> bool:
    """Whether a name means the embedded model, or a folder that was trained like it."""
    from cotam.mllm.embedded.saving import CLIP_FOLDER
    from cotam.mllm.shipped import SHIPPED_NAMES

    return mllm in SHIPPED_NAMES or (Path(mllm) / CLIP_FOLDER).is_dir()
