"""Files of answers and of questions, one JSON object a line."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cotam.errors import DatasetError
from cotam.images import write_atomically
from cotam.levelvqa.questions import Question, QuestionId, find_family, parse_id, questions_of
from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.scoring import check_complete

ORIGINAL: Final = "original"
"""How answers on pictures that were not coded are named."""


def write_answers(path: str | Path, answers: Iterable[tuple[str, str]]) -> None:
    """Write pairs of id and answer as `read_answers` reads them.

    Raises:
        CotamError: the file cannot be written.
    """
    lines = (json.dumps({"id": name, "answer": answer}) + "\n" for name, answer in answers)
    write_atomically(Path(path), "".join(lines).encode())


def read_answers(
    path: str | Path, questions: Sequence[Question] | None = None
) -> tuple[dict[str, str], tuple[Question, ...]]:
    """Read lines of ``{"id": …, "answer": …}``.

    Args:
        path: of the file.
        questions: what was asked; by default what the ids ask for, see `questions_of_ids`.

    Returns:
        Answers by id, one for each question, and the questions.

    Raises:
        DatasetError: naming file, line and id: it cannot be read, or an id is no id, unknown, missing or given twice.
    """
    answers, lines = _answers(Path(path))
    known = questions_of_ids(list(answers)) if questions is None else tuple(questions)
    expected = {question.id for question in known}
    for name, number in lines.items():
        if name not in expected:
            raise DatasetError(f"{path}, line {number}: no such question: {name}")
    try:
        check_complete(answers, (question.id for question in known))
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from error
    if not answers:
        raise DatasetError(f"{path}: holds no answers")
    return answers, known


def _answers(path: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Answers and the numbers of their lines, by id."""
    answers: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, row in _rows(path):
        name, answer = _text(row, "id", path, number), _text(row, "answer", path, number)
        _check_id(name, path, number)
        if name in answers:
            raise DatasetError(f"{path}, line {number}: {name} was answered in line {lines[name]} already")
        answers[name], lines[name] = answer, number
    return answers, lines


def read_questions(path: str | Path) -> tuple[Question, ...]:
    """Read the ``questions.jsonl`` of an export.

    Raises:
        DatasetError: naming file and line: it cannot be read, an id occurs twice, or something is missing.
    """
    questions: dict[str, Question] = {}
    for number, row in _rows(Path(path)):
        name = _text(row, "id", path, number)
        family = find_family(_check_id(name, path, number).family)
        if name in questions:
            raise DatasetError(f"{path}, line {number}: {name} occurs twice")
        text, answer = _text(row, "question", path, number), _text(row, "answer", path, number)
        questions[name] = Question(name, family.name, family.level, text, answer)
    if not questions:
        raise DatasetError(f"{path}: holds no questions")
    return tuple(questions.values())


def questions_of_ids(ids: Sequence[str]) -> tuple[Question, ...]:
    """Make the questions anew that ids name: of every scene among them, those of every family among them.

    Whoever answers some families only thus has to answer them for all the scenes that are named.

    Raises:
        ValueError: an id is none.
    """
    parsed = [parse_id(name) for name in ids]
    families = {key.family for key in parsed}
    scenes = dict.fromkeys((key.seed, key.size, key.variant) for key in parsed)
    found = (question for scene in scenes for question in questions_of(sample_graph(*scene)))
    return tuple(question for question in found if question.family in families)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered objects of a file of JSON lines; empty lines are skipped."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: is no text in UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{path}, line {number}: is no JSON ({error})") from error
        if not isinstance(row, dict):
            raise DatasetError(f'{path}, line {number}: is no JSON object such as {{"id": …}}')
        yield number, row


def _text(row: dict[str, Any], key: str, path: str | Path, number: int) -> str:
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        shown = f" of {row['id']!r}" if key != "id" and isinstance(row.get("id"), str) else ""
        raise DatasetError(f"{path}, line {number}: {key!r}{shown} is missing or no text")
    return value


def _check_id(name: str, path: str | Path, number: int) -> QuestionId:
    try:
        return parse_id(name)
    except ValueError as error:
        raise DatasetError(f"{path}, line {number}: {error}") from error
