"""Which codecs there are: safetensors files in a folder inside the package. No torch here."""

import math
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from cotam.checkpoint import hub
from cotam.checkpoint.sealed import FileKind, read_head, read_json, read_metadata
from cotam.errors import ModelError

DEFAULT_MODEL = "cotam-s"
SUFFIX = ".safetensors"
SHIPPED = Path(__file__).parent.parent / "weights"
MODEL: Final = FileKind(
    "cotam-model", "1", "model", "model_id", ("architecture", "name", "config", "description")
)


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

    def plain(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"kind": "codec", **values, "path": str(self.path)}


def read_card(path: Path) -> ModelCard:
    """Read the card of a model file without its tensors.

    Raises:
        ModelError: the file is missing, damaged, or not a model of this package.
    """
    head, shapes = read_head(path, MODEL, _what_is_known)
    return ModelCard(
        name=head["name"],
        model_id=head["model_id"],
        architecture=head["architecture"],
        parameters=sum(map(math.prod, shapes)),
        file_bytes=path.stat().st_size,
        description=head["description"],
        config=read_json(head["config"], path, MODEL),
        path=path,
    )


def shipped_files(kind: FileKind) -> list[Path]:
    """Files of a kind that ship with the package: codecs and adapters lie side by side."""
    files = sorted(SHIPPED.glob(f"*{SUFFIX}"))
    return [path for path in files if read_metadata(path)[0].get("format") == kind.format]


@cache
def known_models() -> tuple[ModelCard, ...]:
    """Cards of the models that ship with the package, by name."""
    return tuple(read_card(path) for path in shipped_files(MODEL))


def find_model(name_or_path: str | Path) -> ModelCard:
    """Find a model by its name, by the path of its file, or in a hub repository (``OWNER/NAME@REVISION``).

    Raises:
        ModelError: there is none, or another than was asked for; the message lists the known names.
    """
    path = Path(name_or_path)
    if path.suffix == SUFFIX or path.is_file():
        return read_card(path)
    for card in known_models():
        if card.name == str(name_or_path):
            return card
    if isinstance(name_or_path, str) and (there := hub.parse(name_or_path)):
        card = read_card(hub.fetch(there))
        if there.model_id not in (None, card.model_id):
            raise ModelError(f"{name_or_path}: holds model {card.model_id}, not {there.model_id}")
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
    return f"known models: {names}, or the path of a {SUFFIX} file, or a hub model as {hub.FORM}"
