"""Writing a model file."""

import dataclasses
import json
from pathlib import Path

import torch
from torch import Tensor

from cotam.checkpoint.filling import check_exact
from cotam.checkpoint.registry import MODEL
from cotam.checkpoint.sealed import write_sealed
from cotam.entropy_coding import TableSet
from cotam.models.base_codec import BaseCodec

HALF_PRECISION = ("analysis.", "synthesis.", "hyper_analysis.")
"""Networks stored in float16: nothing in them can desynchronise a decoder."""


def model_tensors(model: BaseCodec, tables: TableSet) -> dict[str, Tensor]:
    """All tensors of a model in integer form, as they are stored."""
    tensors = {
        name: (tensor.to(torch.float16) if name.startswith(HALF_PRECISION) else tensor)
        for name, tensor in model.state_dict().items()
    }
    tensors["tables.radius"] = torch.tensor(tables.radius)
    tensors["tables.cdf"] = torch.tensor(tables.cdf)
    return tensors


def write_model(path: Path, model: BaseCodec, tables: TableSet, *, name: str, description: str) -> str:
    """Write a model file, whole or not at all.

    Args:
        path: the file, ``.safetensors``.
        model: networks, after `BaseCodec.to_integers`.
        tables: frequency tables.
        name: name to load it by.
        description: one line on how it was trained.

    Returns:
        The model id, 8 hex digits.

    Raises:
        ModelError: weights that `load_model` would refuse: beyond float16, or integers that could overflow.
    """
    check_exact(model, path)
    config = dataclasses.asdict(model.config)
    head = {
        "architecture": model.architecture,
        "name": name,
        "config": json.dumps(config, sort_keys=True),
        "description": description,
    }
    return write_sealed(path, MODEL, model_tensors(model, tables), model.architecture, config, head)
