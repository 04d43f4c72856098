"""The MLLMs that ship with cotam, as folders that transformers reads."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cotam.checkpoint.registry import SHIPPED
from cotam.errors import ModelError
from cotam.mllm.embedded.assembling import assemble

EMBEDDED: Final = "levelvqa"
"""Name of the embedded model."""
SHIPPED_NAMES: Final = (EMBEDDED, "levelvqa-clips")
"""The embedded model, and the one on the same tower whose language model also understands clips."""
CACHE_VARIABLE: Final = "COTAM_CACHE"
"""Environment variable that names another cache folder."""
DIGITS: Final = 12
"""Hex digits of a content hash that a folder's name carries."""


def is_embedded_there() -> bool:
    """Whether the embedded model ships with this cotam."""
    return (SHIPPED / EMBEDDED).is_dir()


def parts_of(name_or_folder: Path) -> Path:
    """Folder of the parts that a model ships in: of `EMBEDDED` by its name, else the folder itself."""
    named = str(name_or_folder) == EMBEDDED and not name_or_folder.is_dir()
    return SHIPPED / EMBEDDED if named else name_or_folder


def embedded_checkpoint(name: str = EMBEDDED) -> Path:
    """Return a whole LLaVA checkpoint of a model that ships; at the first call it is written to the cache.

    The folder's name carries a hash of the parts, so another version of cotam gets another folder.

    Args:
        name: one of `SHIPPED_NAMES`; all but the first have nothing but a language model of their own.

    Raises:
        ModelError: the model does not ship with this cotam, is damaged, or the cache cannot be written.
    """
    parts = [SHIPPED / part for part in dict.fromkeys((EMBEDDED, name))]
    if not all(folder.is_dir() for folder in parts):
        raise ModelError(
            f"the embedded model {name!r} does not ship with this cotam; name a model, such as a local folder "
            "of a LLaVA, or train it: cotam train levelvqa"
        )
    target = cache_folder() / f"{name}-{_content_hash(parts)}"
    try:
        return assemble(parts[0], target, language=parts[-1])
    except ModelError as error:
        raise ModelError(f"{error}; the environment variable {CACHE_VARIABLE} names another place") from error


def cache_folder() -> Path:
    """Return where models are put together: ``$COTAM_CACHE``, or ``cotam`` in the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    users = os.environ.get("XDG_CACHE_HOME")
    return (Path(users) if users else Path("~/.cache").expanduser()) / "cotam"


def _content_hash(folders: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:DIGITS]
