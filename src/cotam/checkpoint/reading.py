"""Reading a ``cotam-s`` model as arrays, every shape checked. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.checkpoint.registry import ModelCard
from cotam.checkpoint.stored import StoredModel, read_stored
from cotam.entropy_coding import TableSet
from cotam.entropy_models.structure import TABLES
from cotam.errors import ModelError
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.cotam_s_shapes import float_shapes, integer_shapes

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
    """Read a ``cotam-s`` model by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged, altered, or of another architecture.
    """
    return checked_arrays(read_stored(name_or_path))


def checked_arrays(stored: StoredModel) -> ModelArrays:
    """Check that what a file holds is a ``cotam-s`` model: its sizes, its tables, and each tensor's shape and kind.

    Raises:
        ModelError: it is not.
    """
    card = stored.card
    if card.architecture != ARCHITECTURE:
        raise ModelError(f"{card.path}: the architecture is {card.architecture!r}, not {ARCHITECTURE}")
    config = _config(card)
    stored.check_tables(TABLES)
    _check(card, config, stored.tensors)
    return ModelArrays(card, config, stored.tensors, stored.tables)


def _check(card: ModelCard, config: CotamSConfig, tensors: dict[str, NDArray[Any]]) -> None:
    """Refuse tensors that are missing, too many, of other shapes or kinds, or not finite."""
    kinds = {
        **dict.fromkeys(float_shapes(config), np.floating),
        **dict.fromkeys(integer_shapes(config), np.signedinteger),
    }
    shapes = {**float_shapes(config), **integer_shapes(config)}
    unfit = f"{card.path}: the weights do not fit their architecture"
    if different := sorted(shapes.keys() ^ tensors.keys()):
        raise ModelError(f"{unfit}: {different[0]} is {'missing' if different[0] in shapes else 'not known'}")
    for name, tensor in tensors.items():
        if tensor.shape != shapes[name]:
            raise ModelError(f"{unfit}: {name} has the shape {tensor.shape}, not {shapes[name]}")
        if not (np.issubdtype(tensor.dtype, kinds[name]) and np.isfinite(tensor).all()):
            raise ModelError(f"{card.path}: {name} holds other than finite numbers of its type")


def _config(card: ModelCard) -> CotamSConfig:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in card.config.items()
    }
    try:
        return CotamSConfig(**values)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{card.path}: sizes that {ARCHITECTURE} does not have: {error}") from error
