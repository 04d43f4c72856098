"""What a model file of any architecture holds, checked against its own hash. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cotam.checkpoint.registry import ModelCard, find_model
from cotam.checkpoint.sealed import read_sealed
from cotam.entropy_coding import TableSet
from cotam.errors import ModelError


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
    tensors = read_sealed(card.path, card.model_id, card.architecture, card.config)
    return StoredModel(card, tensors, tables=_take_tables(card, tensors))


def _take_tables(card: ModelCard, tensors: dict[str, NDArray[Any]]) -> TableSet:
    try:
        return TableSet(tensors.pop("tables.radius"), tensors.pop("tables.cdf"))
    except KeyError as error:
        raise ModelError(f"{card.path}: the model file holds no frequency tables") from error
    except ModelError as error:
        raise ModelError(f"{card.path}: {error}") from error
