"""Reading a model file: checked against its own hash, as arrays. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.registry import ModelCard, find_model
from cotam.entropy_coding import TableSet
from cotam.entropy_models.structure import TABLES
from cotam.errors import ModelError
from cotam.models.cotam_s_config import CotamSConfig

ARCHITECTURE: Final = "cotam-s"


@dataclass(frozen=True, eq=False)
class ModelArrays:
    """What a model file holds, before it becomes networks."""

    card: ModelCard
    config: CotamSConfig
    tensors: dict[str, NDArray[Any]]
    """Weights by the names of torch's modules, without the frequency tables."""
    tables: TableSet

    @property
    def model_id(self) -> bytes:
        """The 4 bytes that streams carry."""
        return bytes.fromhex(self.card.model_id)


def read_model(name_or_path: str | Path) -> ModelArrays:
    """Read a model by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged, altered, or of another architecture.
    """
    card = find_model(name_or_path)
    try:
        tensors: dict[str, NDArray[Any]] = load_file(card.path)
    except (SafetensorError, OSError, KeyError) as error:  # KeyError: a type that NumPy lacks
        raise ModelError(f"{card.path}: the model file is damaged ({error})") from error
    if content_hash(card.architecture, card.config, tensors)[: 2 * MODEL_ID_BYTES] != card.model_id:
        raise ModelError(
            f"{card.path}: the model file is damaged: its content does not match its id {card.model_id}"
        )
    if card.architecture != ARCHITECTURE:
        raise ModelError(
            f"{card.path}: architecture {card.architecture!r} is not known here; known: {ARCHITECTURE}"
        )
    tables = _take_tables(card, tensors)
    return ModelArrays(card, _config(card), tensors, tables)


def _take_tables(card: ModelCard, tensors: dict[str, NDArray[Any]]) -> TableSet:
    try:
        tables = TableSet(tensors.pop("tables.radius"), tensors.pop("tables.cdf"))
    except KeyError as error:
        raise ModelError(f"{card.path}: the model file holds no frequency tables") from error
    except ModelError as error:
        raise ModelError(f"{card.path}: {error}") from error
    if len(tables) != TABLES:
        raise ModelError(f"{card.path}: there must be {TABLES} frequency tables, not {len(tables)}")
    return tables


def _config(card: ModelCard) -> CotamSConfig:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in card.config.items()
    }
    try:
        return CotamSConfig(**values)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{card.path}: sizes that {ARCHITECTURE} does not have: {error}") from error
