"""The text side of a CLIP or SigLIP checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from cotam.errors import ModelError
from cotam.vision.weights import first_lines, import_transformers, load_full_model


class TextSide:
    """Tokenizer and text tower, frozen."""

    def __init__(self, model: Any, tokenizer: Any, padding: str) -> None:
        """Take the parts.

        Args:
            model: transformers' CLIPModel or SiglipModel.
            tokenizer: its tokenizer.
            padding: "longest" or "max_length", as the model was trained.
        """
        self.model = model
        self.tokenizer = tokenizer
        self.padding = padding

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Return one embedding per text, (M, E); what exceeds the model's length is cut off."""
        tokens = self.tokenizer(
            list(texts),
            padding=self.padding,
            truncation=True,
            max_length=self.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        return self.model.get_text_features(input_ids=tokens.input_ids.to(self.model.device)).pooler_output


def load_text_side(folder: Path, name: str, padding: str, vision: Any) -> TextSide:
    """Load the text side of a checkpoint.

    Args:
        folder: holds both sides and the tokenizer.
        name: what the user called it, for messages.
        padding: see `TextSide`.
        vision: the vision model, already loaded, which takes the place of the one that comes along.

    Raises:
        ModelError: weights or tokenizer are damaged.
    """
    model = load_full_model(folder, name, vision.dtype)
    model.vision_model = vision
    try:
        tokenizer = import_transformers().AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except (OSError, ValueError, TypeError, LookupError, AttributeError, ImportError) as error:
        raise ModelError(f"{name}: the tokenizer cannot be loaded ({first_lines(error)})") from error
    return TextSide(model.to(vision.device), tokenizer, padding)
