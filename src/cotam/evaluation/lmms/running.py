"""Running tasks of lmms-eval in this process."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cotam.errors import CotamError, DatasetError


def require_lmms() -> Any:
    """The package.

    Raises:
        CotamError: it is not installed.
    """
    try:
        import lmms_eval
    except ImportError as error:
        raise CotamError(f"{error.name} is not installed: pip install lmms-eval") from error
    return lmms_eval


def quieten() -> None:
    """Keep lmms-eval's log to what its runs say, without notes for those who write tasks."""
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="INFO")


def find_tasks(names: Sequence[str], include: Path | None) -> Any:
    """Make lmms-eval's index of tasks, and look the names up.

    Args:
        names: of tasks or groups.
        include: folder of further tasks, such as an export's ``lmms``.

    Raises:
        DatasetError: there is no such folder.
        ValueError: a task is unknown, or none is named.
    """
    if include is not None and not include.is_dir():
        raise DatasetError(f"{include}: no such folder of tasks")
    if not names:
        raise ValueError("name at least one task, such as mme")
    from lmms_eval.tasks import TaskManager

    manager = TaskManager(
        "WARNING", include_path=None if include is None else str(include), model_name="cotam"
    )
    known = list(manager.all_tasks)
    for name in names:
        if name not in known:
            near = (
                ", ".join(get_close_matches(name, known, 3))
                or "cotam levelvqa export --format lmms makes one"
            )
            raise ValueError(f"unknown task {name!r}; near to it: {near}")
    return manager


def run_tasks(model: Any, names: Sequence[str], manager: Any, limit: int | None) -> dict[str, Any]:
    """Run tasks on a `CotamModel`.

    Args:
        model: the model.
        names: of tasks.
        manager: from `find_tasks`.
        limit: most documents of each task; None is all.

    Returns:
        Metrics by task, the answers by task, and what was sent; ready for JSON.
    """
    from lmms_eval.evaluator import simple_evaluate

    found = simple_evaluate(
        model=model, tasks=list(names), task_manager=manager, limit=limit, batch_size=1, log_samples=True
    )
    samples = found.get("samples", {})
    return {
        "lmms_eval": version("lmms-eval"),
        "mllm": model.mllm,
        "method": model.relay.method.name,
        "settings": model.relay.method.settings,
        "rate": model.relay.rate.label,
        **model.relay.summary(),
        "tasks": {task: _metrics(row) for task, row in found["results"].items()},
        "answers": {task: [_answer(sample) for sample in rows] for task, rows in samples.items()},
    }


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a task; lmms-eval calls them ``metric,filter``."""
    return {
        name.removesuffix(",none"): float(value)
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _answer(sample: Mapping[str, Any]) -> dict[str, str]:
    document = sample.get("doc", {})
    name = document.get("id", sample.get("doc_id")) if isinstance(document, Mapping) else sample.get("doc_id")
    said = sample["filtered_resps"]
    return {"id": str(name), "answer": str(said[0] if isinstance(said, list) else said)}
