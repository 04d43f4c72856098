"""Which codecs there are: safetensors files in a folder inside the package. No torch here."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from cotam.errors import ModelError

DEFAULT_MODEL = "cotam-s"
FORMAT = "cotam-model"
FORMAT_VERSION = "1"
SUFFIX = ".safetensors"
SHIPPED = Path(__file__).parent.parent / "weights"
REQUIRED_KEYS = ("format", "version", "architecture", "name", "config", "model_id", "description")


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself."""

    name: str
    """Name to load it by."""
    model_id: str
    """First 4 bytes of the content hash, in hex: what a stream carries."""
    architecture: str
    """Which networks it holds, such as ``cotam-s``."""
    parameters: int
    """Numbers stored in it."""
    file_bytes: int
    """Size of the file."""
    description: str
    """One line: what it was trained on."""
    config: dict[str, Any]
    """Sizes of its networks."""
    path: Path
    """Where it lies."""


def read_card(path: Path) -> ModelCard:
    """Read the card of a model file without its tensors.

    Raises:
        ModelError: the file is missing, damaged, or not a model of this package.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file; {_what_is_known()}")
    meta, counts = read_metadata(path)
    if meta.get("format") != FORMAT or any(key not in meta for key in REQUIRED_KEYS):
        raise ModelError(f"{path}: a safetensors file, but not a cotam model")
    if meta["version"] != FORMAT_VERSION:
        raise ModelError(f"{path}: model file version {meta['version']}; this cotam reads {FORMAT_VERSION}")
    return ModelCard(
        name=meta["name"],
        model_id=meta["model_id"],
        architecture=meta["architecture"],
        parameters=sum(_product(shape) for shape in counts),
        file_bytes=path.stat().st_size,
        description=meta["description"],
        config=_read_config(meta["config"], path),
        path=path,
    )


def read_metadata(path: Path) -> tuple[dict[str, str], list[list[int]]]:
    """Read the head of a safetensors file: its metadata, and the shape of every tensor.

    Raises:
        ModelError: it is none, or damaged.
    """
    try:
        with safe_open(path, framework="np") as file:
            shapes = [file.get_slice(key).get_shape() for key in file.keys()]  # noqa: SIM118 - no mapping
            return file.metadata() or {}, shapes
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error})") from error


def shipped_files(file_format: str) -> list[Path]:
    """Files of a format that ship with the package: codecs (`FORMAT`) and adapters lie side by side."""
    files = sorted(SHIPPED.glob(f"*{SUFFIX}"))
    return [path for path in files if read_metadata(path)[0].get("format") == file_format]


@cache
def known_models() -> tuple[ModelCard, ...]:
    """Cards of the models that ship with the package, by name."""
    return tuple(read_card(path) for path in shipped_files(FORMAT))


def find_model(name_or_path: str | Path) -> ModelCard:
    """Find a model by its name or by the path of its file.

    Raises:
        ModelError: there is none; the message lists the known names.
    """
    path = Path(name_or_path)
    if path.suffix == SUFFIX or path.is_file():
        return read_card(path)
    for card in known_models():
        if card.name == str(name_or_path):
            return card
    raise ModelError(f"unknown model {str(name_or_path)!r}; {_what_is_known()}")


def model_of_stream(model_id: bytes) -> ModelCard:
    """The shipped model that a stream was made with.

    Raises:
        ModelError: none of them is it.
    """
    for card in known_models():
        if card.model_id == model_id.hex():
            return card
    raise ModelError(
        f"the stream was made with model {model_id.hex()}, which is not here; {_what_is_known()}"
    )


def _what_is_known() -> str:
    names = ", ".join(f"{card.name} ({card.model_id})" for card in known_models()) or "none"
    return f"known models: {names}, or the path of a {SUFFIX} file"


def _read_config(text: str, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: damaged model description") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path}: damaged model description")
    return config


def _product(shape: list[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
