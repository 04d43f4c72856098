"""Writing a model file."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from cotam.checkpoint.content_hash import MODEL_ID_BYTES, content_hash
from cotam.checkpoint.reading import ARCHITECTURE
from cotam.checkpoint.registry import FORMAT, FORMAT_VERSION
from cotam.entropy_coding import TableSet
from cotam.models.cotam_s import CotamS

HALF_PRECISION = ("analysis.", "synthesis.", "hyper_analysis.")
"""Networks stored in float16: nothing in them can desynchronise a decoder."""


def model_tensors(model: CotamS, tables: TableSet) -> dict[str, Tensor]:
    """All tensors of a model in integer form, as they are stored."""
    tensors = {
        name: (tensor.to(torch.float16) if name.startswith(HALF_PRECISION) else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    tensors["tables.radius"] = torch.tensor(tables.radius)
    tensors["tables.cdf"] = torch.tensor(tables.cdf)
    return tensors


def write_model(path: Path, model: CotamS, tables: TableSet, *, name: str, description: str) -> str:
    """Write a model file, whole or not at all.

    Args:
        path: the file, ``.safetensors``.
        model: networks, after `CotamS.to_integers`.
        tables: frequency tables.
        name: name to load it by.
        description: one line on how it was trained.

    Returns:
        The model id, 8 hex digits.
    """
    tensors = model_tensors(model, tables)
    config: dict[str, Any] = dataclasses.asdict(model.config)
    config = json.loads(json.dumps(config))
    identity = content_hash(ARCHITECTURE, config, tensors)[: 2 * MODEL_ID_BYTES]
    metadata = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "architecture": ARCHITECTURE,
        "name": name,
        "config": json.dumps(config, sort_keys=True),
        "model_id": identity,
        "description": description,
    }
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(tensors, metadata))
    os.replace(part, path)
    return identity
