"""Loading a model file: checked against its own hash, then ready to code."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.registry import ModelCard, find_model
from cotam.entropy_coding import TableSet
from cotam.errors import ModelError
from cotam.models.architectures import build
from cotam.models.base_codec import BaseCodec, table_count
from cotam.ops.fixed_point import IntegerConv


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
    card = find_model(name_or_path)
    try:
        tensors = load_file(card.path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{card.path}: the model file is damaged ({error})") from error
    if content_hash(card.architecture, card.config, tensors)[: 2 * MODEL_ID_BYTES] != card.model_id:
        raise ModelError(
            f"{card.path}: the model file is damaged: its content does not match its id {card.model_id}"
        )
    network = _untrained(card)
    tables = _take_tables(card, tensors, table_count(network))
    _fill(network, card, tensors)
    return LoadedModel(card, network, tables)


def _untrained(card: ModelCard) -> BaseCodec:
    try:
        with torch.random.fork_rng(devices=[]):
            return build(card.architecture, card.config).to_integers()
    except ValueError as error:
        raise ModelError(f"{card.path}: {error}") from error


def _take_tables(card: ModelCard, tensors: dict[str, Tensor], count: int) -> TableSet:
    try:
        tables = TableSet(tensors.pop("tables.radius").numpy(), tensors.pop("tables.cdf").numpy())
    except KeyError as error:
        raise ModelError(f"{card.path}: the model file holds no frequency tables") from error
    except ModelError as error:
        raise ModelError(f"{card.path}: {error}") from error
    if len(tables) != count:
        raise ModelError(f"{card.path}: there must be {count} frequency tables, not {len(tables)}")
    return tables


def _fill(network: BaseCodec, card: ModelCard, tensors: dict[str, Tensor]) -> None:
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(
            f"{card.path}: the weights do not fit their architecture: {str(error).splitlines()[0]}"
        ) from error
    for name, tensor in network.state_dict().items():
        same = tensors[name].is_floating_point() == tensor.is_floating_point() and torch.equal(
            tensors[name], tensor
        )
        if not (same and torch.isfinite(tensor).all()):
            raise ModelError(f"{card.path}: {name} holds other than finite numbers of its type")
    for name, module in network.named_modules():
        if isinstance(module, IntegerConv) and not module.is_exact():
            raise ModelError(f"{card.path}: integer weights of {name} could overflow")
