"""What has been measured already, kept by content, so that a run that was stopped goes on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cotam.errors import CotamError
from cotam.evaluation.accuracy.plan import Rate
from cotam.evaluation.methods import Method
from cotam.images import write_atomically
from cotam.levelvqa import Scene
from cotam.mllm.shipped import cache_folder

VERSION: Final = 2
"""Raised when entries get another meaning, so that old ones are not taken."""
FOLDER: Final = "evaluation"


@dataclass(frozen=True)
class Entry:
    """One scene, coded by one method at one rate, and what the MLLM said."""

    bytes: int
    """Of all that is sent."""
    fits: bool
    """Whether it is within the bytes that were asked for."""
    psnr: float | None
    """Of the decoded picture, dB."""
    encode_seconds: float
    decode_seconds: float
    answers: dict[str, str]
    """By family of question."""
    similarity: list[float] | None = None
    """Mean cosine of the tower's tokens to the original's, by layer."""


class AnswerCache:
    """A folder of small JSON files, one for each method, rate and block of scenes; each is written whole.

    A file's name is a hash of all that decides on its content: codec and settings, the rate, the pictures and
    questions themselves, and the MLLM's weights.
    """

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when it is needed."""
        self.folder = folder

    def load(self, key: str) -> list[Entry] | None:
        """Read entries; None where there are none, or the file cannot be understood."""
        try:
            found = json.loads(self._path(key).read_text("utf-8"))
            return [Entry(**row) for row in found]
        except (OSError, ValueError, TypeError):
            return None

    def store(self, key: str, entries: Sequence[Entry]) -> None:
        """Write entries.

        Raises:
            CotamError: the folder cannot be written.
        """
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CotamError(f"{path.parent}: cannot be made ({error.strerror})") from error
        write_atomically(path, json.dumps([asdict(entry) for entry in entries]).encode())

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.json"


def default_folder() -> Path:
    """Where entries lie that nobody named a folder for: beside the embedded MLLM."""
    return cache_folder() / FOLDER


def block_key(method: Method, rate: Rate, scenes_digest: str, identity: str, similarity: bool) -> str:
    """Hash of all that decides on the entries of a block, but for the versions of programs."""
    parts: list[Any] = [VERSION, method.codec_settings, method.mode, method.adapter]
    parts += [rate.kind, rate.value, scenes_digest, identity, similarity]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def digest_of(scenes: Sequence[Scene]) -> str:
    """Hash of pictures and questions."""
    digest = hashlib.sha256()
    for one in scenes:
        asked = [(question.id, question.text, question.answer) for question in one.questions]
        digest.update(json.dumps([*one.image.size, asked]).encode())
        digest.update(one.image.tobytes())
    return digest.hexdigest()
