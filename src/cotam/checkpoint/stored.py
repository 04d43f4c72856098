"""What a model file of any architecture holds, checked against its own hash. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.registry import ModelCard, find_model
from cotam.entropy_coding import TableSet
from cotam.errors import ModelError

NOT_IN_NUMPY: Final = (KeyError, AttributeError, TypeError)
"""What safetensors raises for tensors of a type that NumPy lacks; which one depends on the type."""


@dataclass(frozen=True, eq=False)
class StoredModel:
    """A model file's content; whether it fits its architecture is not known yet."""

    card: ModelCard
    tensors: dict[str, NDArray[Any]]
    """Weights by the names of torch's modules, without the frequency tables."""
    tables: TableSet

    def check_tables(self, count: int) -> None:
        """Refuse another number of frequency tables than the architecture has.

        Raises:
            ModelError: there are more or fewer.
        """
        if len(self.tables) != count:
            raise ModelError(
                f"{self.card.path}: there must be {count} frequency tables, not {len(self.tables)}"
            )


def read_stored(name_or_path: str | Path) -> StoredModel:
    """Read a model by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged, altered, or without frequency tables.
    """
    card = find_model(name_or_path)
    try:
        tensors: dict[str, NDArray[Any]] = load_file(card.path)
    except (SafetensorError, OSError, *NOT_IN_NUMPY) as error:
        raise ModelError(f"{card.path}: the model file is damaged ({error})") from error
    if content_hash(card.architecture, card.config, tensors)[: 2 * MODEL_ID_BYTES] != card.model_id:
        raise ModelError(
            f"{card.path}: the model file is damaged: its content does not match its id {card.model_id}"
        )
    return StoredModel(card, tensors, tables=_take_tables(card, tensors))


def _take_tables(card: ModelCard, tensors: dict[str, NDArray[Any]]) -> TableSet:
    try:
        return TableSet(tensors.pop("tables.radius"), tensors.pop("tables.cdf"))
    except KeyError as error:
        raise ModelError(f"{card.path}: the model file holds no frequency tables") from error
    except ModelError as error:
        raise ModelError(f"{card.path}: {error}") from error
