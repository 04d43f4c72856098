"""What a training run tells while it goes on: rows of its log, TensorBoard events, a progress bar."""

import json
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

LOG_FILE = "log.jsonl"


class RunLog:
    """Log, events and progress of a run.

    Args:
        folder: of the run; `LOG_FILE` in it grows by a row at a time.
        active: False in processes that keep silent, since another one tells.
    """

    def __init__(self, folder: Path, active: bool) -> None:
        self.file = folder / LOG_FILE
        self.events = SummaryWriter(str(folder)) if active else None

    def write(self, row: dict[str, Any]) -> None:
        """Add a row; its ``step`` is that of its figures."""
        if self.events is None:
            return
        with self.file.open("a") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self.events.add_scalar(name, value, row["step"])

    def progress(self) -> Progress:
        """A bar for steps, whose tasks have a field ``figures``."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            disable=self.events is None,
        )
