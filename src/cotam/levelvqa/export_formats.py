"""Files that say what is asked about exported pictures, for several programs."""

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cotam.errors import DatasetError
from cotam.images import write_atomically
from cotam.levelvqa.lmms_task import write_task
from cotam.levelvqa.questions import Question

if TYPE_CHECKING:
    import pyarrow

Asked = tuple[str, tuple[Question, ...]]
"""A picture's path inside the folder, and its questions."""

PARQUET = "levelvqa.parquet"
SCENES_PER_GROUP = 64
"""Scenes of one row group, in which each picture is stored once however many questions it has."""
IMAGE_METADATA = {b"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}}}}).encode()}


def write_jsonl(folder: Path, asked: Iterable[Asked]) -> None:
    """``questions.jsonl``: one question a line; `read_questions` reads it again."""
    rows = (
        {
            "id": question.id,
            "image": image,
            "question": question.text,
            "answer": question.answer,
            "family": question.family,
            "level": question.level,
        }
        for image, questions in asked
        for question in questions
    )
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_atomically(folder / "questions.jsonl", text.encode())


def write_conversations(folder: Path, asked: Iterable[Asked]) -> None:
    """``conversations.json`` as LLaVA is trained on: each question by itself, as one may give another away."""
    rows = [
        {
            "id": question.id,
            "image": image,
            "conversations": [
                {"from": "human", "value": f"<image>\n{question.text}"},
                {"from": "gpt", "value": question.answer},
            ],
        }
        for image, questions in asked
        for question in questions
    ]
    text = ",\n".join(json.dumps(row) for row in rows)
    write_atomically(folder / "conversations.json", f"[\n{text}\n]\n".encode())


def write_parquet(folder: Path, asked: Iterable[Asked]) -> None:
    """``levelvqa.parquet`` with the pictures inside, for lmms-eval and whatever else reads Hugging Face data sets.

    Raises:
        DatasetError: pyarrow is missing, or the file cannot be written.
    """
    require_pyarrow()
    import pyarrow as pa
    from pyarrow import parquet

    target = folder / PARQUET
    temporary = folder / f".cotam-{secrets.token_hex(8)}.part"
    options: dict[str, Any] = {"compression": "zstd", "dictionary_pagesize_limit": 2**30}
    try:
        with parquet.ParquetWriter(temporary, _schema(pa), **options) as writer:
            for group in _groups(asked):
                writer.write_table(_table(folder, group, pa))
        os.replace(temporary, target)
    except OSError as error:
        raise DatasetError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_lmms(folder: Path, asked: Iterable[Asked]) -> None:
    """``lmms/``: the task for lmms-eval's ``--include_path``; and the Parquet file that it reads, if it is not there.

    Raises:
        DatasetError: pyarrow is missing, or a file cannot be written.
    """
    parquet, tasks = folder / PARQUET, folder / "lmms"
    if not parquet.is_file():
        write_parquet(folder, asked)
    try:
        tasks.mkdir(exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{tasks}: cannot be made ({error.strerror})") from error
    write_task(tasks, parquet)


def require_pyarrow() -> None:
    """Find out that Parquet cannot be written before any work is done.

    Raises:
        DatasetError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise DatasetError("Parquet needs pyarrow: pip install 'cotam[eval]'") from error


FORMATS: Mapping[str, Callable[[Path, Iterable[Asked]], None]] = MappingProxyType(
    {"jsonl": write_jsonl, "parquet": write_parquet, "llava": write_conversations, "lmms": write_lmms}
)
"""Writers by the names of their formats."""
USUAL = ("jsonl", "parquet", "llava")
"""Formats that do not depend on where the folder lies."""


def _groups(asked: Iterable[Asked]) -> Iterator[list[Asked]]:
    group: list[Asked] = []
    for scene in asked:
        group.append(scene)
        if len(group) == SCENES_PER_GROUP:
            yield group
            group = []
    if group:
        yield group


def _schema(pa: Any) -> "pyarrow.Schema":
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    texts = ("question", "answer", "family", "level")
    fields = [("id", pa.string()), ("image", image), *((name, pa.string()) for name in texts)]
    return pa.schema(fields, metadata=IMAGE_METADATA)


def _table(folder: Path, group: list[Asked], pa: Any) -> "pyarrow.Table":
    images = chain.from_iterable(
        [{"bytes": (folder / image).read_bytes(), "path": Path(image).name}] * len(questions)
        for image, questions in group
    )
    rows = [question for _, questions in group for question in questions]
    columns = {
        "id": [question.id for question in rows],
        "image": list(images),
        "question": [question.text for question in rows],
        "answer": [question.answer for question in rows],
        "family": [question.family for question in rows],
        "level": [question.level for question in rows],
    }
    return pa.table(columns, schema=_schema(pa))
