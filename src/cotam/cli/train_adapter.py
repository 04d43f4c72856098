"""``cotam train adapter``: train a latent adapter for an MLLM and a codec, and write its file."""

import dataclasses
from typing import Annotated, Any

import typer

from cotam.cli import train_tokens as tokens
from cotam.cli.options import Threads


def adapter(
    data: tokens.Data,
    out: tokens.Out,
    mllm: tokens.MllmName = "levelvqa",
    codec: tokens.CodecName = "cotam-s",
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
    low: tokens.LowWeight = None,
    high: tokens.HighWeight = None,
    head_start: Annotated[
        float | None,
        typer.Option(
            help="First share of the run, with low-level tokens alone; 0.2 by default, 0 suits a trained --start."
        ),
    ] = None,
    prior: tokens.Prior = None,
    joint: Annotated[
        bool | None, typer.Option("--joint", help="The codec learns too, and is written beside the adapter.")
    ] = None,
    machine: Annotated[
        float | None,
        typer.Option(help="With --joint: weight of what the tower sees against distortion; 2 by default."),
    ] = None,
    rate_weight: Annotated[
        float | None,
        typer.Option(
            help="With --joint: weight of the rate against both; 6 by default; with 1 qualities take twice the bytes."
        ),
    ] = None,
    checkpointing: tokens.Checkpointing = None,
    seed: tokens.Seed = None,
    bf16: tokens.Bf16 = None,
    compiled: tokens.Compiled = None,
    workers: tokens.Workers = 1,
    name: tokens.Name = None,
    target: tokens.Target = None,
    threads: Threads = None,
) -> None:
    """Train a latent adapter; the vision tower stays as it is, and without --joint the codec too.

    What is not given follows from the device. With --resume the run goes on with its own recipe, bit for bit on a CPU.
    A new --steps or --minutes (counted from where it stands) plans the rest anew; --learning-rate, --machine and
    --rate-weight may change as well.
    The paper's ablations are --low 0, --high 0 and --no-prior.
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
        low=low,
        high=high,
        head_start=head_start,
        reconstruction_prior=prior,
        joint=joint,
        machine=machine,
        rate_weight=rate_weight,
        checkpointing=checkpointing,
        first_scene=first_scene,
        seed=seed,
        bf16=bf16,
        compile=compiled,
    )
    if not (joint or resume) and (machine is not None or rate_weight is not None):
        raise ValueError(
            "--machine and --rate-weight need --joint: a codec that stays as it is has no rate to weigh"
        )
    if joint and head_start is not None:
        raise ValueError(
            "--head-start is for an adapter alone: with --joint both terms count from the first step"
        )
    tokens.set_threads(threads)
    try:
        from cotam.training.adapters.config import AdapterTrainingConfig, adapter_preset
        from cotam.training.adapters.run import Inputs, adapter_run
    except ImportError as error:
        raise tokens.missing(error) from error
    config = tokens.recipe(adapter_preset, given)
    inputs = Inputs(mllm, codec, data, validation, workers=workers, start=start)
    changes: dict[str, Any] = given if resume else {}
    training = adapter_run(out, inputs, config, resume=resume, changes=changes)
    training.run()
    if training.accelerator.is_main_process:
        done = AdapterTrainingConfig.from_dict(dataclasses.asdict(training.config))
        new_codec = tokens.new_codec(out, codec, "joint") if done.joint else None
        tokens.export(out, inputs, name or tokens.default_name(mllm, done.variant), target, new_codec)
