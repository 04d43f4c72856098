"""LevelVQA as a task of lmms-eval: what its YAML names, and the files of the task.

lmms-eval hands over rows of the exported Parquet file as plain dictionaries, and the model's answer as a list of one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cotam.images import write_atomically
from cotam.levelvqa.normalising import normalised
from cotam.levelvqa.questions import LEVELS

TASK: Final = "levelvqa"
ALL: Final = "accuracy"
"""Metric of all questions; each level has one too, by its name."""
ANSWER_TOKENS: Final = 8

FUNCTIONS: Final = '''"""Functions of the LevelVQA task, from cotam itself."""

from cotam.levelvqa.lmms_task import doc_to_text, doc_to_visual, percent, process_results

__all__ = ["doc_to_text", "doc_to_visual", "percent", "process_results"]
'''


def doc_to_visual(doc: Mapping[str, Any]) -> list[Any]:
    """The picture, RGB."""
    return [doc["image"].convert("RGB")]


def doc_to_text(doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, str] | None = None) -> str:
    """The question, between the model's own words before and after it."""
    words = lmms_eval_specific_kwargs or {}
    return f"{words.get('pre_prompt', '')}{doc['question']}{words.get('post_prompt', '')}"


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """1 for a right answer, else 0: for all questions and for those of the question's level."""
    right = float(normalised(results[0]) == normalised(doc["answer"]))
    return {ALL: right, str(doc["level"]): right}


def percent(values: Iterable[float]) -> float:
    """Mean in percent."""
    numbers = list(values)
    return 100 * sum(numbers) / len(numbers)


def write_task(folder: Path, parquet: Path) -> None:
    """Write ``levelvqa.yaml`` and ``levelvqa_functions.py`` for a Parquet file of an export.

    Args:
        folder: for lmms-eval's ``--include_path``; it exists.
        parquet: the file; its path is written in full.

    Raises:
        ImageError: a file cannot be written.
    """
    write_atomically(folder / "levelvqa_functions.py", FUNCTIONS.encode())
    write_atomically(folder / f"{TASK}.yaml", task_yaml(parquet).encode())


def task_yaml(parquet: Path) -> str:
    """The task in lmms-eval's YAML."""
    metrics = "".join(
        f"  - metric: {name}\n    aggregation: !function levelvqa_functions.percent\n    higher_is_better: true\n"
        for name in (ALL, *LEVELS)
    )
    return (
        f"task: {TASK}\n"
        "dataset_path: parquet\n"
        "dataset_kwargs:\n"
        f"  data_files:\n    test: {json.dumps(str(parquet.resolve()))}\n"
        "test_split: test\n"
        "output_type: generate_until\n"
        "doc_to_visual: !function levelvqa_functions.doc_to_visual\n"
        "doc_to_text: !function levelvqa_functions.doc_to_text\n"
        "doc_to_target: answer\n"
        "generation_kwargs:\n"
        f"  max_new_tokens: {ANSWER_TOKENS}\n  do_sample: false\n  temperature: 0\n  num_beams: 1\n"
        '  until:\n    - "\\n"\n'
        "process_results: !function levelvqa_functions.process_results\n"
        f"metric_list:\n{metrics}"
        "metadata:\n  - version: 1.0\n"
    )
