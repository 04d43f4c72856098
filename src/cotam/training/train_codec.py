"""``cotam train codec``: the training loop, read from top to bottom."""

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from accelerate import Accelerator
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter

from cotam.errors import TrainingError
from cotam.models.cotam_s import CotamS, CotamSConfig
from cotam.training.checkpoints import load_checkpoint, save_checkpoint
from cotam.training.config import CodecTrainingConfig
from cotam.training.crops import Batch, CropDataset, load_photographs
from cotam.training.rate_distortion import RateDistortion, psnr_of, rate_distortion
from cotam.training.schedule import MEASURED_STEPS, learning_rate, steps_that_fit
from cotam.training.validation import validate

LOG_EVERY = 50
CHECKPOINT_SECONDS, VALIDATION_SECONDS = 240.0, 1200.0
LOG_FILE = "log.jsonl"
UNPLANNED = 1 << 40
CHANGEABLE = ("steps", "minutes", "balance", "learning_rate")
"""Options that may change when a run is resumed."""


class CodecTraining:
    """One run of the codec's training, in a folder of its own.

    Args:
        folder: where checkpoints, the log and TensorBoard events go.
        data: folders of photographs.
        validation: a folder of pictures to validate on, or None.
        config: the recipe of a new run.
        model_config: sizes of a new run's model.
        resume: go on from the folder's checkpoint, with its own recipe and sizes.
        changes: with ``resume``, options of `CHANGEABLE` that are other from here on; the log says so.
        workers: loader processes.
    """

    def __init__(
        self,
        folder: Path,
        data: Sequence[Path],
        validation: Path | None,
        config: CodecTrainingConfig,
        model_config: CotamSConfig,
        *,
        resume: bool = False,
        changes: Mapping[str, Any] = MappingProxyType({}),
        workers: int = 1,
    ) -> None:
        state = load_checkpoint(folder) if resume else None
        if state is None and (folder / "checkpoint.pt").exists():
            raise TrainingError(f"{folder}: holds a run already; pass --resume to go on, or another --out")
        folder.mkdir(parents=True, exist_ok=True)
        torch.set_flush_denormal(True)
        if state is not None:
            config = resumed_recipe(state["config"], changes)
            model_config = CotamSConfig(**state["model_config"])
        self.folder, self.validation, self.config, self.workers = folder, validation, config, workers
        self.accelerator = Accelerator(mixed_precision="bf16" if config.bf16 else "no")
        torch.manual_seed(config.seed)
        self.model = CotamS(model_config)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.ema))  # type: ignore[no-untyped-call]
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, config.weight_decay), lr=config.learning_rate
        )
        self.step, self.total, self.seconds = 0, config.steps or UNPLANNED, 0.0
        if state is not None:
            self._restore(state, replan="steps" in changes or "minutes" in changes)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.prepared, self.optimizer = self.accelerator.prepare(self.model, self.optimizer)
        self.average.to(self.accelerator.device)
        self.compiled = torch.compile(self.prepared) if config.compile else self.prepared
        self.pictures = load_photographs(data, config.crop)
        self.events = SummaryWriter(str(folder))
        if state is not None and changes:
            self._write_row({"step": self.step, "changed": dict(changes)})

    def run(self) -> None:
        """Train to the end of the schedule."""
        now = time.monotonic()
        last_save, last_validation, began = now, now, now - self.seconds
        with self._progress() as progress:
            bar = progress.add_task("training", total=None, start=True, figures="")
            for batch in self._batches():
                if self.total == UNPLANNED and self.step == MEASURED_STEPS[0]:
                    measured = time.monotonic()
                result = self._train_step(batch)
                self.seconds = time.monotonic() - began
                if self.total == UNPLANNED and self.step == MEASURED_STEPS[1]:
                    pace = (time.monotonic() - measured) / (self.step - MEASURED_STEPS[0])
                    self.total = steps_that_fit(self.config.minutes, pace)
                if self.step % LOG_EVERY == 0:
                    figures = self._log(result)
                    total = None if self.total == UNPLANNED else self.total
                    progress.update(bar, completed=self.step, total=total, figures=figures)
                if time.monotonic() - last_save > CHECKPOINT_SECONDS:
                    self.save()
                    last_save = time.monotonic()
                if time.monotonic() - last_validation > VALIDATION_SECONDS:
                    self._validate()
                    last_validation = time.monotonic()
                if self.step >= self.total:
                    break
        self.save()
        self._validate()

    def _batches(self) -> Iterator[Batch]:
        """Batches from the current step on; the plan for late, larger crops is made once the length is known."""
        while self.step < self.total:
            late_from = (
                round(self.total * (1 - self.config.late_share)) if self.total != UNPLANNED else UNPLANNED
            )
            boundary = late_from if self.step < late_from else self.total
            world, rank = self.accelerator.num_processes, self.accelerator.process_index
            planned = self.total != UNPLANNED
            end = min(boundary, self.total) if planned else MEASURED_STEPS[1]
            dataset = CropDataset(self.pictures, self.config, late_from * world)
            indexes = range(self.step * world + rank, end * world + rank, world)
            yield from DataLoader(
                dataset,
                batch_size=None,
                sampler=indexes,
                num_workers=self.workers,
                prefetch_factor=4 if self.workers else None,
            )

    def _train_step(self, batch: Batch) -> RateDistortion:
        device, config = self.accelerator.device, self.config
        x = batch.pixels.to(device).permute(0, 3, 1, 2).float() / 255 - 0.5
        steps, base = batch.steps.to(device), batch.base.to(device)
        index = self.step * self.accelerator.num_processes + self.accelerator.process_index
        generator = torch.Generator(device).manual_seed((config.seed << 40) + index)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.total, config)
        with self.accelerator.autocast():
            out = self.compiled(x, steps, base, generator)
        result = rate_distortion(out, x, steps, base, config.balance)
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(result.loss)
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), config.clip)
        if torch.isfinite(torch.as_tensor(norm)):
            self.optimizer.step()
        self.average.update_parameters(self.accelerator.unwrap_model(self.prepared))
        self.step += 1
        return result

    def _log(self, result: RateDistortion) -> str:
        row = {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "loss": round(float(result.loss.detach()), 5),
            "bpp": round(float(result.bpp.mean()), 5),
            "psnr": round(float(psnr_of(result.mse).mean()), 3),
            "learning_rate": learning_rate(self.step, self.total, self.config),
        }
        self._write_row(row)
        return f"{row['bpp']:.3f} bpp  {row['psnr']:.2f} dB"

    def _write_row(self, row: dict[str, Any]) -> None:
        if not self.accelerator.is_main_process:
            return
        with (self.folder / LOG_FILE).open("a") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self.events.add_scalar(name, value, row["step"])

    def _validate(self) -> None:
        if self.validation is None or not self.accelerator.is_main_process:
            return
        network = cast(CotamS, self.average.module)
        with self.accelerator.autocast():
            rows = validate(network, self.validation, self.accelerator.device)
        self._write_row({"step": self.step, "seconds": round(self.seconds, 1), "validation": rows})

    def save(self) -> None:
        """Write the checkpoint."""
        if self.accelerator.is_main_process:
            save_checkpoint(
                self.folder,
                {
                    "model": self.accelerator.unwrap_model(self.prepared).state_dict(),
                    "average": self.average.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "step": self.step,
                    "total": self.total,
                    "seconds": self.seconds,
                    "config": dataclasses.asdict(self.config),
                    "model_config": dataclasses.asdict(self.model.config),
                },
            )

    def _restore(self, state: dict[str, Any], replan: bool) -> None:
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        if not replan and state["total"] != UNPLANNED:
            self.total = state["total"]
        elif self.config.steps == 0:
            pace = self.seconds / max(self.step, 1)
            self.total = self.step + steps_that_fit(self.config.minutes, pace)

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            disable=not self.accelerator.is_main_process,
        )


def resumed_recipe(saved: dict[str, Any], changes: Mapping[str, Any]) -> CodecTrainingConfig:
    """The recipe of a checkpoint with what is to change.

    Raises:
        ValueError: an option that a run keeps to its end.
    """
    if fixed := sorted(set(changes) - set(CHANGEABLE)):
        raise ValueError(f"{fixed[0]} cannot change when a run is resumed; what can: {', '.join(CHANGEABLE)}")
    config = CodecTrainingConfig.from_dict(saved)
    length: dict[str, Any] = {"steps": 0} if "minutes" in changes else {}
    return dataclasses.replace(config, **(length | dict(changes)))


def parameter_groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Split parameters: convolution weights decay, everything else does not."""
    weights: list[Tensor] = []
    rest: list[Tensor] = []
    for parameter in model.parameters():
        (weights if parameter.dim() == 4 else rest).append(parameter)
    return [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
