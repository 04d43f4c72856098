"""Scenes as files: pictures drawn by several processes, then their questions in several formats."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from PIL import Image

from cotam.errors import DatasetError
from cotam.images import write_atomically
from cotam.levelvqa.drawing import render
from cotam.levelvqa.export_formats import FORMATS, USUAL, Asked, require_pyarrow
from cotam.levelvqa.photographs import load_photographs
from cotam.levelvqa.questions import questions_of
from cotam.levelvqa.sampling import BASE_SIZE, check_format, sample_graph
from cotam.levelvqa.splits import split_seeds

STATE_FILE, PICTURES = "export.json", "images"
SCENES_PER_TASK = 16
"""Scenes that a worker process draws before it says so."""


@dataclass(frozen=True)
class ExportPlan:
    """What is exported.

    Args:
        split: of `SPLITS`.
        num: how many scenes.
        seed_start: number of the first scene in its split.
        size: side of the pictures in pixels.
        variant: "standard" or "tiles".
        formats: of `FORMATS`; the pictures are always written.
        photographs: folder of pictures for the backgrounds, or None.
    """

    split: str
    num: int
    seed_start: int = 0
    size: int = BASE_SIZE
    variant: str = "standard"
    formats: tuple[str, ...] = USUAL
    photographs: str | None = None

    def __post_init__(self) -> None:
        split_seeds(self.split, self.num, self.seed_start)
        check_format(self.size, self.variant)
        unknown = [name for name in self.formats if name not in FORMATS]
        if unknown or not self.formats:
            raise ValueError(f"unknown format {', '.join(unknown)!r}; there are {', '.join(FORMATS)}")

    @property
    def seeds(self) -> range:
        """Of the scenes, in order."""
        return split_seeds(self.split, self.num, self.seed_start)


def export(
    plan: ExportPlan, out: str | Path, workers: int = 1, advance: Callable[[int], None] = lambda scenes: None
) -> int:
    """Write pictures and questions into a folder that is new, empty, or left unfinished by the same plan.

    Args:
        plan: what to write.
        out: the folder.
        workers: processes that draw; with 1 this one draws.
        advance: is told of scenes that were drawn, by their number.

    Returns:
        How many questions there are.

    Raises:
        DatasetError: the folder holds something else, or Parquet is wanted and pyarrow is missing.
        ImageError: a file cannot be written, or a photograph cannot be read.
    """
    folder = Path(out)
    if {"parquet", "lmms"} & set(plan.formats):
        require_pyarrow()
    photographs = load_photographs(plan.photographs) if plan.photographs else []
    state = _state(plan, photographs)
    _begin(folder, state)
    for done in _draw_all(plan, folder, photographs, workers):
        advance(done)
    asked = [_asked(seed, plan) for seed in plan.seeds]
    for name in plan.formats:
        FORMATS[name](folder, asked)
    _write_state(folder, {**state, "finished": True})
    return sum(len(questions) for _, questions in asked)


def _begin(folder: Path, state: dict[str, Any]) -> None:
    """Make the folder ready, and refuse one that belongs to something else."""
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder}: is a file; a folder is needed")
    if folder.is_dir() and any(folder.iterdir()):
        _check_unfinished(folder, state)
    try:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be made ({error.strerror})") from error
    for stray in folder.rglob(".cotam-*.part"):
        stray.unlink(missing_ok=True)
    _write_state(folder, state)


def _check_unfinished(folder: Path, state: dict[str, Any]) -> None:
    try:
        found = json.loads((folder / STATE_FILE).read_text())
    except (OSError, ValueError) as error:
        problem = "is not empty and no unfinished export; name another folder"
        raise DatasetError(f"{folder}: {problem}") from error
    if found == {**state, "finished": True}:
        raise DatasetError(f"{folder}: holds this export already, finished")
    if found != state:
        raise DatasetError(f"{folder}: holds an export with other settings; name another folder")


def _state(plan: ExportPlan, photographs: Sequence[Image.Image]) -> dict[str, Any]:
    """What an unfinished export has to agree with to be resumed; photographs by their content."""
    content = sha256()
    for photograph in photographs:
        content.update(repr(photograph.size).encode() + photograph.tobytes())
    digest = content.hexdigest() if photographs else None
    return {**asdict(plan), "formats": list(plan.formats), "photographs": digest, "finished": False}


def _write_state(folder: Path, state: dict[str, Any]) -> None:
    write_atomically(folder / STATE_FILE, f"{json.dumps(state, indent=1)}\n".encode())


def _draw_all(
    plan: ExportPlan, folder: Path, photographs: Sequence[Image.Image], workers: int
) -> Iterator[int]:
    seeds = plan.seeds
    tasks = [
        range(first, min(first + SCENES_PER_TASK, seeds.stop))
        for first in range(seeds.start, seeds.stop, SCENES_PER_TASK)
    ]
    draw = partial(_draw, plan=plan, folder=folder)
    if workers <= 1 or len(tasks) == 1:
        _set_photographs(photographs)
        yield from map(draw, tasks)
        return
    with ExitStack() as stack:
        pool = ProcessPoolExecutor(
            min(workers, len(tasks)), get_context("spawn"), _set_photographs, (photographs,)
        )
        stack.callback(pool.shutdown, cancel_futures=True)
        yield from pool.map(draw, tasks)


_photographs: Sequence[Image.Image] = ()
"""Of this process: sent to it once, and not with every task."""


def _set_photographs(photographs: Sequence[Image.Image]) -> None:
    global _photographs
    _photographs = photographs


def _draw(seeds: range, plan: ExportPlan, folder: Path) -> int:
    """Draw the pictures of these seeds that are not there yet."""
    for seed in seeds:
        path = folder / _picture(seed)
        if not path.exists():
            buffer = io.BytesIO()
            render(sample_graph(seed, plan.size, plan.variant), _photographs).save(buffer, "PNG")
            write_atomically(path, buffer.getvalue())
    return len(seeds)


def _asked(seed: int, plan: ExportPlan) -> Asked:
    return _picture(seed), questions_of(sample_graph(seed, plan.size, plan.variant))


def _picture(seed: int) -> str:
    return f"{PICTURES}/{seed}.png"
