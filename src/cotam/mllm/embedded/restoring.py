"""Reading what `save_embedded` wrote back into models that learn on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cotam.errors import ModelError
from cotam.mllm.embedded.assembling import read_tensors
from cotam.mllm.embedded.naming import loaded_language
from cotam.mllm.embedded.saving import CLIP_FOLDER, LANGUAGE_FOLDER, LLAVA_FOLDER
from cotam.mllm.embedded.tokenizer import restore_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

TOKENIZER = "tokenizer.json"
MISFIT = "the weights are incomplete, or of other sizes than the model to train"


def stored_tokenizer(folder: Path) -> "PreTrainedTokenizerFast":
    """Return the tokenizer of a folder of `save_embedded`.

    Raises:
        ModelError: it is missing.
    """
    try:
        text = (folder / LLAVA_FOLDER / TOKENIZER).read_text()
    except OSError as error:
        raise ModelError(f"{folder}: not a model of cotam train levelvqa, such as RUN/model") from error
    return restore_tokenizer(text)


def restore_embedded(folder: Path, clip: Any, llava: Any) -> None:
    """Give models the weights that `save_embedded` stored, in place.

    Args:
        folder: as `save_embedded` left it.
        clip: from `build_clip`.
        llava: from `build_llava` with this `clip`.

    Raises:
        ModelError: parts are missing or damaged, or of other sizes.
    """
    language = loaded_language(read_tensors(folder / LANGUAGE_FOLDER))
    try:
        clip.load_state_dict(read_tensors(folder / CLIP_FOLDER))
        left = llava.load_state_dict(language, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{folder}: {MISFIT}") from error
    if left.unexpected_keys or any("vision_tower" not in name for name in left.missing_keys):
        raise ModelError(f"{folder}: {MISFIT}")
