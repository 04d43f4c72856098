"""What comes before an MLLM: its own processor, also where torchvision is not installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cotam.errors import ModelError
from cotam.vision.weights import first_lines, import_transformers

VIDEOS = "video_processor"
"""What a processor calls its part for videos, which transformers makes of torchvision alone."""
_DAMAGED = (OSError, ValueError, TypeError, LookupError, AttributeError)
"""What transformers raises about damaged files of a processor."""


def load_processor(folder: Path, name: str, config: Any) -> Any:
    """Load the processor of a checkpoint, with a tokenizer that pads on the left.

    Args:
        folder: the checkpoint.
        name: what the user called it, for messages.
        config: its configuration.

    Raises:
        ModelError: it has no processor for pictures and text, or a damaged one, or no chat template.
    """
    options = {"trust_remote_code": False, "local_files_only": True}
    try:
        processor = _load(folder, config, options)
    except (*_DAMAGED, ImportError) as error:
        raise ModelError(f"{name}: the processor cannot be loaded ({first_lines(error)})") from error
    if not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        raise ModelError(f"{name}: has no processor for pictures and text, only a {type(processor).__name__}")
    tokenizer = processor.tokenizer
    if processor.chat_template is None:
        processor.chat_template = getattr(tokenizer, "chat_template", None)
    if processor.chat_template is None:
        raise ModelError(f"{name}: has no chat template, so its way of asking questions is unknown")
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor


def _load(folder: Path, config: Any, options: dict[str, bool]) -> Any:
    transformers = import_transformers()
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    stated = transformers.ProcessorMixin.get_processor_dict(folder, **options)[0]
    wanted = stated.get("processor_class") or PROCESSOR_MAPPING_NAMES.get(config.model_type)
    processor_class: Any = getattr(transformers, str(wanted), None)
    if hasattr(processor_class, "get_attributes") and find_spec("torchvision") is None:
        parts = processor_class.get_attributes()
        if VIDEOS in parts:
            return _pictures_only(processor_class).from_args_and_dict(_parts(folder, parts, options), stated)
    return transformers.AutoProcessor.from_pretrained(folder, **options)


def _parts(folder: Path, names: list[str], options: dict[str, bool]) -> list[Any]:
    """Load the image processor and the tokenizer, and leave the place for videos empty."""
    from transformers import AutoTokenizer
    from transformers.models.auto.image_processing_auto import AutoImageProcessor

    loaders = {"image_processor": AutoImageProcessor, "tokenizer": AutoTokenizer}
    return [loaders[name].from_pretrained(folder, **options) if name in loaders else None for name in names]


def _pictures_only(processor_class: Any) -> Any:
    """Return a subclass that takes None for a part: the check of its parts is all that forbids it."""

    def check(self: Any, name: str, part: Any) -> Any:
        return None if part is None else processor_class.check_argument_for_proper_class(self, name, part)

    return type(processor_class.__name__, (processor_class,), {"check_argument_for_proper_class": check})
