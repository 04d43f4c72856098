"""Reading a model file: checked against its own hash, as arrays. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.registry import ModelCard, find_model
from cotam.entropy_coding import TableSet
from cotam.entropy_models.structure import TABLES
from cotam.errors import ModelError
from cotam.models.cotam_s_config import CotamSConfig
from cotam.models.cotam_s_shapes import float_shapes, integer_shapes

ARCHITECTURE: Final = "cotam-s"
NOT_IN_NUMPY: Final = (KeyError, AttributeError, TypeError)
"""What safetensors raises for tensors of a type that NumPy lacks; which one depends on the type."""


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
    except (SafetensorError, OSError, *NOT_IN_NUMPY) as error:
        raise ModelError(f"{card.path}: the model file is damaged ({error})") from error
    if content_hash(card.architecture, card.config, tensors)[: 2 * MODEL_ID_BYTES] != card.model_id:
        raise ModelError(
            f"{card.path}: the model file is damaged: its content does not match its id {card.model_id}"
        )
    if card.architecture != ARCHITECTURE:
        raise ModelError(
            f"{card.path}: architecture {card.architecture!r} is not known here; known: {ARCHITECTURE}"
        )
    tables, config = _take_tables(card, tensors), _config(card)
    _check(card, config, tensors)
    return ModelArrays(card, config, tensors, tables)


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


def _check(card: ModelCard, config: CotamSConfig, tensors: dict[str, NDArray[Any]]) -> None:
    """Refuse tensors that are missing, too many, of other shapes or kinds, or not finite."""
    kinds = {
        **dict.fromkeys(float_shapes(config), np.floating),
        **dict.fromkeys(integer_shapes(config), np.integer),
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
