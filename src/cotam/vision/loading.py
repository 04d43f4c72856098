"""Getting a tower: by hub id or local folder."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from cotam.errors import ModelError
from cotam.vision.folder import TOKENIZERS, find_folder
from cotam.vision.placement import find_device, find_dtype
from cotam.vision.preprocessing import read_preprocessing
from cotam.vision.registry import FAMILIES, vision_config
from cotam.vision.text import load_text_side
from cotam.vision.tower import TextLoader, Tower
from cotam.vision.weights import import_transformers, load_vision_model, read_config

TWO_SIDED: Final = ("clip", "siglip")
"""Types of the models that have a vision and a text side in one space."""


def load_tower(
    name_or_path: str | Path,
    *,
    device: str | torch.device = "cpu",
    dtype: str = "float32",
    revision: str | None = None,
) -> Tower:
    """Load a vision tower, frozen.

    CLIP, SigLIP, DINOv2 (with registers too), DINOv3 ViT and InternViT, alone, as the vision side of a CLIP or SigLIP,
    or inside an MLLM (LLaVA, LLaVA-OneVision, InternVL, ...). Only safetensors weights are read, and no code is run
    that comes with them.

    Args:
        name_or_path: a local folder as `save_pretrained` writes it, or the id of a hub repository, which is fetched
            unless it is cached.
        device: such as ``cpu`` or ``cuda``.
        dtype: of weights and tokens: ``float32``, ``bfloat16`` or ``float16``.
        revision: branch, tag or commit of a hub repository.

    Raises:
        ModelError: there is no such checkpoint, or it cannot be reached; it has no vision tower of these families,
            no safetensors weights, or damaged ones; transformers is not installed. One line, which says what to pass.
        ValueError: an option out of range.
    """
    where, precision = find_device(device), find_dtype(dtype)
    import_transformers()
    name = str(name_or_path)
    folder = find_folder(name_or_path, revision)
    full = read_config(folder, name)
    config = vision_config(full, name)
    model = load_vision_model(folder, name, config, precision).to(where)
    family = FAMILIES[config.model_type](model)
    preprocessing, patch = (
        read_preprocessing(folder, config.image_size, family.mean, family.std),
        _patch(config, name),
    )
    if min(preprocessing.size) < patch:
        raise ModelError(
            f"{name}: its input of {preprocessing.size} pixels is smaller than a patch of {patch}"
        )
    text = _text_loader(folder, name, full, family.text_padding, model)
    return Tower(name, family, preprocessing, patch, text)


def _text_loader(folder: Path, name: str, full: Any, padding: str | None, model: Any) -> TextLoader | None:
    """How to load the text side when it is first needed; None if the checkpoint has none."""
    if padding is None or full.model_type not in TWO_SIDED:
        return None
    if not any((folder / file).is_file() for file in TOKENIZERS):
        return None
    return partial(load_text_side, folder, name, padding, model)


def _patch(config: Any, name: str) -> int:
    """Side of a patch in pixels; some configurations state it twice."""
    size = config.patch_size
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) != 1:
        raise ModelError(f"{name}: patches of {size} pixels; only square ones can be handled")
    return int(sides.pop())
