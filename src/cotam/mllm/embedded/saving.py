"""Writing the embedded models as they ship: the vision tower once, every file small."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch

from cotam.mllm.embedded.naming import language_tensors
from cotam.mllm.embedded.tokenizer import tokenizer_for_clip

if TYPE_CHECKING:
    from transformers import CLIPModel, LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast

CLIP_FOLDER: Final = "clip"
"""A whole CLIP checkpoint."""
LLAVA_FOLDER: Final = "llava"
"""A LLaVA checkpoint without weights; `assemble` adds them."""
LANGUAGE_FOLDER: Final = "language"
"""LLaVA's weights without the vision tower."""
LARGEST_FILE: Final = 16 * 2**20
"""Bytes; hosts of source code take no more."""
READABLE: Final = 0o644
"""Mode of the files."""
HEADER_ROOM: Final = 2**18
"""Bytes left for a safetensors header."""


def save_embedded(
    folder: Path,
    clip: "CLIPModel",
    llava: "LlavaForConditionalGeneration",
    tokenizer: "PreTrainedTokenizerFast",
    processor: "LlavaProcessor",
    dtype: torch.dtype = torch.bfloat16,
) -> None:
    """Write CLIP and LLaVA with one vision tower, in files of at most 16 MiB; the models stay as they are.

    ``clip`` is a whole checkpoint for ``CLIPModel.from_pretrained`` and `cotam.vision.load_tower`. ``llava`` and
    ``language`` are everything of a LLaVA but the tower; `assemble` makes a whole checkpoint of the three.

    They cannot be stored so that transformers alone reads both: a safetensors file gives each tensor one name, an
    index may point into a neighbouring folder but cannot rename, and no name is taken by both loaders: CLIP's keeps
    only what begins with ``vision_model`` (or ``clip.vision_model``), LLaVA's only what begins with ``vision_tower``
    (or ``model.vision_tower``), and renaming rules come from transformers' code, never from a checkpoint.

    Args:
        folder: made if need be; files of the same names are replaced.
        clip: from `build_clip`.
        llava: from `build_llava` with this `clip`.
        tokenizer: from `build_tokenizer`.
        processor: from `build_processor`.
        dtype: of the stored weights.

    Raises:
        ValueError: the vision towers differ.
    """
    _check_shared(clip, llava)
    clip, llava = (copy.deepcopy(model).to(device="cpu", dtype=dtype) for model in (clip, llava))
    shard = LARGEST_FILE - HEADER_ROOM
    clip.save_pretrained(folder / CLIP_FOLDER, max_shard_size=shard)
    length = clip.config.text_config.max_position_embeddings
    tokenizer_for_clip(tokenizer, length).save_pretrained(folder / CLIP_FOLDER)
    processor.image_processor.save_pretrained(folder / CLIP_FOLDER)
    llava.config.architectures, llava.config.dtype = [type(llava).__name__], dtype
    llava.config.save_pretrained(folder / LLAVA_FOLDER)
    llava.generation_config.save_pretrained(folder / LLAVA_FOLDER)
    processor.save_pretrained(folder / LLAVA_FOLDER)
    _save_language(llava, folder / LANGUAGE_FOLDER, shard)
    for file in folder.glob("*/*.safetensors"):
        file.chmod(READABLE)  # safetensors writes for the owner alone


def _check_shared(clip: Any, llava: Any) -> None:
    towers = (
        getattr(tower, "vision_model", tower) for tower in (clip.vision_model, llava.model.vision_tower)
    )
    for (name, one), (_, other) in zip(*(tower.named_parameters() for tower in towers), strict=True):
        if one.shape != other.shape or not torch.equal(one, other):
            raise ValueError(f"clip and llava must share one vision tower, but {name} differs")


def _save_language(llava: Any, folder: Path, shard: int) -> None:
    from huggingface_hub import save_torch_state_dict

    folder.mkdir(parents=True, exist_ok=True)
    save_torch_state_dict(language_tensors(llava.state_dict()), folder, max_shard_size=shard)
