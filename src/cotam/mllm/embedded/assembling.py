"""Making a whole LLaVA checkpoint of the parts that ship."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cotam.errors import ModelError
from cotam.mllm.embedded.naming import tower_tensors
from cotam.mllm.embedded.saving import CLIP_FOLDER, LANGUAGE_FOLDER, LLAVA_FOLDER, READABLE

WEIGHTS: Final = "model.safetensors"


def assemble(folder: Path, target: Path, language: Path | None = None) -> Path:
    """Write the LLaVA checkpoint that transformers reads by itself, out of what `save_embedded` wrote.

    `save_embedded` says why the checkpoint does not ship as such. It appears whole or not at all, and nothing is
    done if it is there.

    Args:
        folder: as `save_embedded` left it.
        target: folder to make; its parents are made too.
        language: as ``folder``, to take the language model of another model on the same tower.

    Returns:
        `target`.

    Raises:
        ModelError: parts are missing or damaged, or `target` cannot be written.
    """
    if (target / WEIGHTS).is_file():
        return target
    tensors = {
        **read_tensors((language or folder) / LANGUAGE_FOLDER),
        **tower_tensors(read_tensors(folder / CLIP_FOLDER)),
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        try:
            shutil.copytree(folder / LLAVA_FOLDER, part, dirs_exist_ok=True)
            save_file(tensors, part / WEIGHTS, metadata={"format": "pt"})
            (part / WEIGHTS).chmod(READABLE)
            part.chmod(0o755)
            _put_in_place(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{target}: the model cannot be put together here ({error})") from error
    return target


def _put_in_place(part: Path, target: Path) -> None:
    """Rename a finished folder; if another process was quicker, its folder is as good."""
    try:
        os.replace(part, target)
    except OSError:
        if not (target / WEIGHTS).is_file():
            raise


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Read all safetensors files of a folder.

    Raises:
        ModelError: there are none, or one is damaged.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"{folder}: no weights here; the embedded model is incomplete")
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            tensors.update(load_file(file))
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file}: the weights are damaged ({error})") from error
    return tensors
