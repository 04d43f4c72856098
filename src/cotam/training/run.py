"""The loop that every training command shares: schedule, averaged weights, checkpoints, and stops in between."""

import dataclasses
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import broadcast_object_list
from rich.progress import Progress
from torch import nn
from torch.optim.swa_utils import AveragedModel

from cotam.errors import InterruptedRunError, TrainingError
from cotam.training.checkpoints import save_checkpoint
from cotam.training.config import RunConfig
from cotam.training.run_log import RunLog
from cotam.training.schedule import MEASURED_STEPS, averaging, learning_rate, steps_that_fit
from cotam.training.stopping import stop_requests
from cotam.training.task import Outcome, Position, Span, Task, mean_of

LOG_EVERY = 50
CHECKPOINT_SECONDS = 240.0
UNPLANNED = 1 << 40


class TrainingRun:
    """One run of a task, in a folder of its own.

    Args:
        folder: where checkpoint, log and TensorBoard events go.
        task: what is trained.
        config: the recipe.
        state: a checkpoint of `load_checkpoint` to go on from, or None.
        changes: options that are other from here on; the log says so.
    """

    def __init__(
        self,
        folder: Path,
        task: Task,
        config: RunConfig,
        state: dict[str, Any] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        if state is None:
            refuse_second_run(folder)
        folder.mkdir(parents=True, exist_ok=True)
        torch.set_flush_denormal(True)
        self.folder, self.task, self.config = folder, task, config
        self.accelerator = Accelerator(
            cpu=not torch.accelerator.is_available(),  # else processes without a GPU train apart from each other
            mixed_precision="bf16" if config.bf16 else "no",
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=task.leaves_out)],
        )
        self.world, self.rank = self.accelerator.num_processes, self.accelerator.process_index
        self.parts = config.accumulate * self.world
        self.average = AveragedModel(task.model, multi_avg_fn=averaging(config.ema))
        self.optimizer = torch.optim.AdamW(
            task.parameter_groups(config.weight_decay), lr=config.learning_rate, fused=True
        )
        self.step, self.drawn, self.total, self.seconds = 0, 0, config.steps or UNPLANNED, 0.0
        self._asked = False
        if state is not None:
            self._restore(state, replan=bool({"steps", "minutes"} & set(changes or ())))
        self.prepared, self.optimizer = self.accelerator.prepare(task.model, self.optimizer)
        self.average.to(self.accelerator.device)
        network = torch.compile(self.prepared) if config.compile else self.prepared
        self.network = cast(nn.Module, network)
        self.log = RunLog(folder, self.accelerator.is_main_process)
        if state is not None and (other := _differences(state["config"], changes or {})):
            self.log.write({"step": self.step, "changed": other})

    def run(self) -> None:
        """Train to the end of the schedule, or to where Ctrl-C or SIGTERM asks to stop.

        Raises:
            InterruptedRunError: stopped; the checkpoint is of the step that was the last.
        """
        now = time.monotonic()
        self._saved_at, self._validated_at, self._began = now, now, now - self.seconds
        with self.log.progress() as progress, stop_requests(lambda: self._hear(progress)):
            bar = progress.add_task("training", total=None, start=True, figures="")
            while self.step < self.total:
                batches = iter(self.task.batches(self._span()))
                while step := self._next(batches):
                    self._step(step, progress, bar)
                    if self.accelerator.check_trigger():
                        self._stop()
        self.save()
        self._validate()
        self._leave()

    def save(self) -> None:
        """Write the checkpoint."""
        if self.accelerator.is_main_process:
            state = {
                "model": self.accelerator.unwrap_model(self.prepared).state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "drawn": self.drawn,
                "parts": self.parts,
                "total": self.total,
                "seconds": self.seconds,
                "config": dataclasses.asdict(self.config),
            }
            save_checkpoint(self.folder, state | self.task.description)

    def _next(self, batches: Iterator[Any]) -> list[Any]:
        """This process's batches of the next step; none where the schedule ends."""
        try:
            return list(islice(batches, self.parts // self.world))
        except RuntimeError:
            if self._asked:  # a loader's workers heard the signal, and ended
                self._stop()
            raise

    def _hear(self, progress: Progress) -> None:
        self._asked = True
        self.accelerator.set_trigger()
        progress.console.print("stopping at the end of this step; once more stops at once")

    def _stop(self) -> NoReturn:
        self.save()
        self._leave()
        raise InterruptedRunError(f"{self.folder}: stopped at step {self.step}; --resume goes on from there")

    def _leave(self) -> None:
        self.accelerator.wait_for_everyone()  # a process that leaves while another still works may abort
        self.accelerator.end_training()

    def _span(self) -> Span:
        planned = self.total != UNPLANNED
        end = self.total if planned else MEASURED_STEPS[1]
        total = self.total if planned else None
        return Span(self.step, end, total, self.drawn, self.parts, self.world, self.rank)

    def _step(self, batches: list[Any], progress: Progress, bar: Any) -> None:
        if self.total == UNPLANNED and self.step == MEASURED_STEPS[0]:
            self._measured_at = time.monotonic()
        outcome = self._update(batches)
        now = time.monotonic()
        self.seconds = now - self._began
        if self.total == UNPLANNED and self.step == MEASURED_STEPS[1]:
            pace = (now - self._measured_at) / (MEASURED_STEPS[1] - MEASURED_STEPS[0])
            fitting = max(steps_that_fit(self.config.minutes, pace), self.step)
            self.total = broadcast_object_list([fitting])[0]  # processes measure each their own pace
        if self.step % LOG_EVERY == 0:
            total = None if self.total == UNPLANNED else self.total
            progress.update(bar, completed=self.step, total=total, figures=self._log(outcome))
        if now - self._saved_at > CHECKPOINT_SECONDS:
            self.save()
            self._saved_at = time.monotonic()
        if now - self._validated_at > self.task.validation_seconds:
            self._validate()
            self._validated_at = time.monotonic()

    def _update(self, batches: list[Any]) -> Outcome:
        """One step of the optimiser; a step whose gradient is not finite changes nothing."""
        rate = learning_rate(self.step, self.total, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group.get("rate_scale", 1.0)
        self.optimizer.zero_grad(set_to_none=True)
        outcomes = []
        for number, batch in enumerate(batches, start=1):
            waits = number < len(batches)  # gradients are exchanged once a step
            with self.accelerator.no_sync(self.prepared) if waits else nullcontext():
                outcomes.append(self._learn(batch, len(batches)))
        norm = self.accelerator.clip_grad_norm_(self.task.model.parameters(), self.config.clip)
        if torch.isfinite(torch.as_tensor(norm)):
            self.optimizer.step()
        self.average.update_parameters(self.accelerator.unwrap_model(self.prepared))
        self.step += 1
        return mean_of(outcomes)

    def _learn(self, batch: Any, parts: int) -> Outcome:
        """Add a batch's share to the gradient."""
        at = Position(self.step, None if self.total == UNPLANNED else self.total, self.drawn + self.rank)
        with self.accelerator.autocast():
            outcome = self.task.loss(self.network, batch, at)
        self.accelerator.backward(outcome.loss / parts)
        self.drawn += self.world
        return Outcome(outcome.loss.detach(), outcome.figures)

    def _log(self, outcome: Outcome) -> str:
        outcome = self._over_all(outcome)
        figures = {name: round(float(value), 5) for name, value in outcome.figures.items()}
        row = {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "loss": round(float(outcome.loss), 5),
            **figures,
            "learning_rate": learning_rate(self.step - 1, self.total, self.config),
        }
        self.log.write(row)
        return "  ".join(f"{name} {value:.3f}" for name, value in ({"loss": row["loss"]} | figures).items())

    def _over_all(self, outcome: Outcome) -> Outcome:
        """The mean over all processes."""
        values = torch.stack([outcome.loss, *outcome.figures.values()])
        loss, *figures = self.accelerator.reduce(values, "mean").unbind()
        return Outcome(loss, dict(zip(outcome.figures, figures, strict=True)))

    def _validate(self) -> None:
        if not self.accelerator.is_main_process:
            return
        with self.accelerator.autocast():
            figures = self.task.validate(self.average.module)
        if figures is not None:
            self.log.write({"step": self.step, "seconds": round(self.seconds, 1), "validation": figures})

    def _restore(self, state: dict[str, Any], replan: bool) -> None:
        self.task.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["fused"] = True  # checkpoints from before may say otherwise
        self.step, self.seconds = state["step"], state["seconds"]
        self.parts, self.drawn = state.get("parts", 1), state.get("drawn", self.step)
        if self.parts % self.world:
            raise TrainingError(
                f"{self.folder}: a step of this run has {self.parts} batches, which {self.world} processes cannot share"
            )
        if not replan and state["total"] != UNPLANNED:
            self.total = state["total"]
        elif self.config.steps == 0:
            pace = self.seconds / max(self.step, 1)
            self.total = self.step + steps_that_fit(self.config.minutes, pace)


def refuse_second_run(folder: Path) -> None:
    """Raise a TrainingError if ``folder`` holds a run already."""
    if (folder / "checkpoint.pt").exists():
        raise TrainingError(f"{folder}: holds a run already; pass --resume to go on, or another --out")


def _differences(saved: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Of the options that were stated, those that are not as they were; a checkpoint may be older than some."""
    return {name: value for name, value in changes.items() if saved.get(name) != value}
