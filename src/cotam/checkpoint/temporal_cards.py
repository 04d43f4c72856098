"""What a file of networks of predicted frames says of itself, and which ones ship. No torch here."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cotam.checkpoint.registry import SUFFIX, shipped_files
from cotam.checkpoint.sealed import FileKind, read_head, read_json
from cotam.errors import ModelError

ARCHITECTURE: Final = "cotam-s-temporal"
TEMPORAL: Final = FileKind(
    "cotam-temporal",
    "1",
    "temporal model",
    "temporal_id",
    ("architecture", "name", "config", "base_id", "description"),
)


@dataclass(frozen=True)
class TemporalCard:
    """What codes the predicted frames of a base model."""

    name: str
    """Name to load it by."""
    temporal_id: str
    """First 4 bytes of its content hash, in hex, which is over the base model's id too; predicted frames check it."""
    base_id: str
    """Id of the base model, in hex."""
    description: str
    """One line: how it was trained."""
    config: dict[str, Any]
    """Sizes of the base model."""
    file_bytes: int
    """Size of the file."""
    path: Path
    """Where it lies."""


def read_temporal_card(path: Path) -> TemporalCard:
    """Read the card of a file without its tensors.

    Raises:
        ModelError: the file is missing, damaged, or something else.
    """
    head, _ = read_head(path, TEMPORAL, _what_is_known)
    if head["architecture"] != ARCHITECTURE:
        raise ModelError(f"{path}: {head['architecture']}; this cotam reads {ARCHITECTURE}")
    return TemporalCard(
        name=head["name"],
        temporal_id=head["temporal_id"],
        base_id=head["base_id"],
        description=head["description"],
        config=read_json(head["config"], path, TEMPORAL),
        file_bytes=path.stat().st_size,
        path=path,
    )


@cache
def known_temporal() -> tuple[TemporalCard, ...]:
    """Cards of those that ship with the package, by name."""
    return tuple(read_temporal_card(path) for path in shipped_files(TEMPORAL))


def find_temporal(name_or_path: str | Path) -> TemporalCard:
    """Find one by its name or by its file.

    Raises:
        ModelError: there is none.
    """
    path = Path(name_or_path)
    if path.suffix == SUFFIX or path.is_file():
        return read_temporal_card(path)
    for card in known_temporal():
        if card.name == str(name_or_path):
            return card
    raise ModelError(f"unknown networks of predicted frames {str(name_or_path)!r}; {_what_is_known()}")


def temporal_for(base: str, base_id: bytes) -> TemporalCard:
    """The one that ships for a base model.

    Args:
        base: name of the base model, for the message.
        base_id: its id.

    Raises:
        ModelError: there is none.
    """
    for card in known_temporal():
        if card.base_id == base_id.hex():
            return card
    raise ModelError(
        f"{base} ({base_id.hex()}) knows key frames alone: no networks of predicted frames ship for it"
    )


def _what_is_known() -> str:
    names = ", ".join(card.name for card in known_temporal()) or "none"
    return f"known: {names}, or the path of a {SUFFIX} file"
