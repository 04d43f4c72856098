"""Getting an MLLM: the embedded one, or any by hub id or local folder."""

from pathlib import Path
from typing import Any, Final

import torch

from cotam.checkpoint.adapter_choice import default_adapters
from cotam.checkpoint.adapters import LoadedAdapter, load_adapter, tower_identity
from cotam.codec import Codec, load_codec
from cotam.errors import ModelError
from cotam.mllm.embedding import FAMILIES
from cotam.mllm.mllm import Mllm
from cotam.mllm.processors import load_processor
from cotam.mllm.shipped import EMBEDDED, SHIPPED_NAMES, embedded_checkpoint
from cotam.vision.folder import find_folder
from cotam.vision.placement import find_device, find_dtype
from cotam.vision.weights import import_transformers, load_weights, read_config

AUTO: Final = "auto"
"""The adapters that ship for the model, if there are any."""
EXAMPLE: Final = "llava-hf/llava-1.5-7b-hf"


def load_mllm(
    name_or_path: str | Path | None = None,
    *,
    adapter: str | Path | None = AUTO,
    codec: str | Path | Codec | None = None,
    device: str | torch.device = "cpu",
    dtype: str | None = None,
    revision: str | None = None,
) -> Mllm:
    """Load a multimodal LLM, frozen.

    LLaVA, LLaVA-NeXT, LLaVA-OneVision, InternVL, and what else transformers' `AutoModelForImageTextToText` knows.
    Only safetensors weights are read, and no code is run that comes with them.

    Args:
        name_or_path: a local folder as `save_pretrained` writes it, or the id of a hub repository, which is fetched
            unless it is cached. By default, or as ``levelvqa``, the small LLaVA that ships with cotam; as
            ``levelvqa-clips`` the same with a language model that also learned to answer from several pictures.
        adapter: name or file of a latent adapter or transform-neck, through which streams enter the model; it must
            be made for the model's tower, and works with streams of the codec that it was made for. By default the
            latent adapters that ship for the model, one for each codec; None: streams are decoded to pictures.
        codec: a codec that does not ship, or its file, for streams of it.
        device: such as ``cpu`` or ``cuda``.
        dtype: of the weights: ``float32``, ``bfloat16`` or ``float16``; by default float32 on a CPU, and elsewhere
            the checkpoint's own.
        revision: branch, tag or commit of a hub repository.

    Raises:
        ModelError: there is no such checkpoint, or it cannot be reached; it answers no questions about pictures, has
            no safetensors weights, or damaged ones; the adapter or the codec cannot be loaded, or does not fit;
            transformers is not installed. One line, which says what to pass.
        ValueError: an option out of range.
    """
    where = find_device(device)
    precision = _precision(where, dtype)
    import_transformers()
    loaded = [load_adapter(adapter)] if adapter not in (None, AUTO) else []
    own = codec if codec is None or isinstance(codec, Codec) else load_codec(codec)
    name = EMBEDDED if name_or_path is None else str(name_or_path)
    folder = _folder(name_or_path, revision)
    config = read_config(folder, name)
    _check_type(config, name)
    processor = load_processor(folder, name, config)
    model = load_weights("AutoModelForImageTextToText", folder, name, precision).to(where)
    if adapter == AUTO:
        loaded = _default_adapters(name, model)
    return Mllm(name, model, processor, loaded, own)


def _default_adapters(name: str, model: Any) -> list[LoadedAdapter]:
    if model.config.model_type not in FAMILIES:
        return []
    width = model.config.vision_config.hidden_size
    found = default_adapters(width, lambda: tower_identity(name, model.get_encoder(modality="image")))
    return [load_adapter(file.path) for file in found]


def _precision(where: torch.device, dtype: str | None) -> torch.dtype | str:
    if dtype is not None:
        return find_dtype(dtype)
    return torch.float32 if where.type == "cpu" else "auto"


def _folder(name_or_path: str | Path | None, revision: str | None) -> Path:
    name = EMBEDDED if name_or_path is None else str(name_or_path)
    if name_or_path is None or (name in SHIPPED_NAMES and not Path(name).is_dir()):
        if revision is not None:
            raise ValueError(f"revision={revision!r} is for hub repositories; {name} ships with cotam")
        return embedded_checkpoint(name)
    return find_folder(name_or_path, revision, example=EXAMPLE)


def _check_type(config: Any, name: str) -> None:
    """Refuse models that take no pictures or write no text, before their weights are read."""
    import_transformers()
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN

    vision = getattr(config, "vision_config", None)
    if config.model_type not in KNOWN or vision is None:
        raise ModelError(
            f"{name}: a {config.model_type!r} model, which does not answer questions about pictures; pass a "
            f"multimodal LLM such as '{EXAMPLE}'"
        )
