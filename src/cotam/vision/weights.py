"""Models of transformers out of local folders: safetensors only, no code from the folder, nothing left random."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError

from cotam.errors import ModelError

INSIDE: Final = r"^(?:model\.)?(?:vision_tower|vision_model)\.(?:vision_model\.)?"
"""How weights of a tower are called in a checkpoint that holds more than the tower."""


def import_transformers() -> Any:
    """Import transformers, which takes seconds.

    Raises:
        ModelError: it is not installed; the message names the extra.
    """
    try:
        return import_module("transformers")
    except ImportError as error:
        raise ModelError(
            f"vision towers and multimodal LLMs need {error.name}: pip install 'cotam[vision]'"
        ) from error


def read_config(folder: Path, name: str) -> Any:
    """Read a checkpoint's configuration.

    Raises:
        ModelError: it is damaged, or of a model that transformers does not know without running the folder's code.
    """
    transformers = import_transformers()
    from huggingface_hub.errors import StrictDataclassError

    try:
        return transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, StrictDataclassError) as error:
        raise ModelError(
            f"{name}: config.json is damaged or of an unknown model ({first_lines(error)})"
        ) from error


def load_vision_model(folder: Path, name: str, config: Any, dtype: torch.dtype) -> Any:
    """Load the tower that `config` describes, alone or out of a larger checkpoint, with eager attention.

    Eager attention is what returns weights; on a CPU it is no slower than the fused kernels.

    Raises:
        ModelError: weights are damaged, missing or of another shape.
    """
    return load_weights(
        "AutoModel",
        folder,
        name,
        dtype,
        config=config,
        key_mapping={INSIDE: ""},
        attn_implementation="eager",
    )


def load_full_model(folder: Path, name: str, dtype: torch.dtype) -> Any:
    """Load all of a checkpoint, such as both sides of a CLIP.

    Raises:
        ModelError: weights are damaged, missing or of another shape.
    """
    return load_weights("AutoModel", folder, name, dtype)


def load_weights(auto: str, folder: Path, name: str, dtype: torch.dtype | str, **options: Any) -> Any:
    """Load a model, frozen and without dropout; no weight is left random.

    Args:
        auto: which of transformers' classes finds the model's own, such as ``AutoModel``.
        folder: holds configuration and safetensors weights.
        name: what the user called it, for messages.
        dtype: of the weights; ``auto`` is the checkpoint's own.
        options: passed on to `from_pretrained`.

    Raises:
        ModelError: weights are damaged, missing or of another shape.
    """
    transformers = import_transformers()
    try:
        with _quiet(transformers.utils.logging):
            model, report = getattr(transformers, auto).from_pretrained(
                folder,
                dtype=dtype,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                **options,
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{name}: the weights cannot be loaded ({first_lines(error)})") from error
    if report["missing_keys"]:  # transformers would leave them random
        missing = sorted(report["missing_keys"])
        raise ModelError(
            f"{name}: the weights lack {missing[0]} and {len(missing) - 1} more; the checkpoint is incomplete"
        )
    return model.eval().requires_grad_(False)


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """Keep transformers from listing the weights that a tower leaves unused, and from drawing bars."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def first_lines(error: Exception) -> str:
    """Put the first two lines of transformers' message, which may have a dozen, into one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__
