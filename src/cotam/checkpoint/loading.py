"""Loading a model file into torch's networks, ready to code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from cotam.checkpoint.capacity import check_capacity
from cotam.checkpoint.filling import fill
from cotam.checkpoint.reading import ARCHITECTURE, checked_arrays
from cotam.checkpoint.registry import ModelCard
from cotam.checkpoint.stored import StoredModel, read_stored
from cotam.entropy_coding import TableSet
from cotam.errors import ModelError
from cotam.models.architectures import build
from cotam.models.base_codec import BaseCodec, table_count


@dataclass(frozen=True)
class LoadedModel:
    """A base codec ready to code: networks with exact entropy models, tables, and the card."""

    card: ModelCard
    network: BaseCodec
    tables: TableSet

    @property
    def model_id(self) -> bytes:
        """The 4 bytes that streams carry."""
        return bytes.fromhex(self.card.model_id)


def load_model(name_or_path: str | Path) -> LoadedModel:
    """Load a model by name or by the path of its file.

    Raises:
        ModelError: unknown, damaged, altered, or of another architecture.
    """
    stored = read_stored(name_or_path)
    tensors = {name: torch.from_numpy(array) for name, array in stored.tensors.items()}
    network = _untrained(stored, tensors)
    stored.check_tables(table_count(network))
    fill(network, stored.card.path, tensors)
    return LoadedModel(stored.card, network, stored.tables)


def _untrained(stored: StoredModel, tensors: Mapping[str, Tensor]) -> BaseCodec:
    """Networks in integer form, once it is known that the file can fill them."""
    card = stored.card
    make = partial(build, card.architecture, card.config)
    try:
        if card.architecture == ARCHITECTURE:
            checked_arrays(stored)
        else:
            check_capacity(card.path, make, tensors)
        with torch.random.fork_rng(devices=[]):
            return make().to_integers()
    except ValueError as error:
        raise ModelError(f"{card.path}: {error}") from error
