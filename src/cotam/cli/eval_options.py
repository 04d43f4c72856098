"""Options that the commands of ``cotam eval`` share, and how they run a measurement."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cotam.cli.levelvqa_options import progress_bar
from cotam.errors import InterruptedRunError

if TYPE_CHECKING:
    from cotam.evaluation.accuracy.cache import AnswerCache
    from cotam.evaluation.accuracy.plan import Plan
    from cotam.evaluation.accuracy.run import Measured
    from cotam.evaluation.answerers import Answerers
    from cotam.evaluation.methods import Method

JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the report as JSON.")
]
MllmName = Annotated[
    str | None,
    typer.Option("--mllm", metavar="NAME|DIR", help="Hub id or folder; by default the embedded model."),
]
Cache = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="Where answers are kept. (default: the user's cache folder)"),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, metavar="N", help="Processes that draw and code; by default one a core."
    ),
]


def load_answerers(mllm: str | None, device: str | None, threads: int | None) -> "Answerers":
    """Load the MLLM that answers.

    Raises:
        ModelError: it cannot be loaded.
    """
    from cotam import load_mllm
    from cotam.evaluation.mllm_answerers import MllmAnswerers

    if threads:
        import torch

        torch.set_num_threads(threads)
    return MllmAnswerers(load_mllm(mllm, adapter=None, device=device or "cpu"))


def open_cache(folder: Path | None) -> "AnswerCache":
    """The folder of kept answers."""
    from cotam.evaluation.accuracy.cache import AnswerCache, default_folder

    return AnswerCache(folder or default_folder())


def measure(
    plan: "Plan",
    methods: "list[Method]",
    answerers: "Answerers",
    cache: "AnswerCache",
    workers: int | None,
    title: str = "measuring",
) -> "Measured":
    """Measure a plan with a progress bar.

    Raises:
        InterruptedRunError: the user stopped it.
    """
    from cotam.evaluation.accuracy.coding import available_cores
    from cotam.evaluation.accuracy.run import evaluate, scene_count

    with interruptible(), progress_bar() as bar:
        task = bar.add_task(title, total=scene_count(plan, methods))
        cores = workers or available_cores()
        return evaluate(plan, methods, answerers, cache, cores, lambda done: bar.advance(task, done))


@contextmanager
def interruptible() -> Iterator[None]:
    """Say on an interruption that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptedRunError("interrupted; the same command goes on where this one stopped") from error


def numbers(text: str | None, option: str) -> tuple[float, ...]:
    """Read numbers with commas between; none where the option is not given.

    Raises:
        ValueError: it is no such list.
    """
    if text is None:
        return ()
    try:
        found = tuple(sorted({float(word) for word in text.split(",") if word.strip()}))
    except ValueError as error:
        raise ValueError(f"{option} must be numbers such as 0.1,0.2, not {text!r}") from error
    if not found:
        raise ValueError(f"{option} must be numbers such as 0.1,0.2, not {text!r}")
    return found
