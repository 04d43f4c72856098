"""The vision side's part of a prompt: picture features, computed once for all questions on the same pictures.

The features take the place of the image tokens' embeddings, as the models themselves do it, so the language model
alone is left to run. This needs no more of a model than `get_image_features`, and works in every version of
transformers, which `mm_encoder_outputs` does not.
"""

import inspect
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor

from cotam.errors import ModelError

FAMILIES: Final = ("llava", "llava_next", "llava_onevision", "internvl")
"""Types of the models that put features in the places of image tokens and do nothing else with pictures."""

PicturesKey: TypeAlias = tuple[str, tuple[int, ...]]
"""How pictures enter the tower, and their numbers; equal ones have equal features."""
Scope: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Makes what the vision side is to run inside of."""


class Embedder:
    """Embeds prompts of one model; keeps the features of the last pictures."""

    def __init__(self, name: str, model: Any, kept: int) -> None:
        """Take the parts.

        Args:
            name: what the user called the model, for messages.
            model: of one of ``FAMILIES``.
            kept: how many features to keep.
        """
        self._name, self._model, self._most = name, model, kept
        self._kept: OrderedDict[PicturesKey, Tensor] = OrderedDict()
        self._accepted = inspect.signature(model.get_image_features).parameters.keys()

    def embed(self, inputs: dict[str, Any], pictures: PicturesKey, scope: Scope) -> Tensor:
        """Return what the language model takes for a prompt, (T, D).

        Args:
            inputs: from `Prompter.prepare`.
            pictures: what its features depend on.
            scope: hands the tower what is not in the inputs.

        Raises:
            ModelError: the features do not fit the places for them.
        """
        tokens = inputs["input_ids"][0].to(self._model.device)
        embedded: Tensor = self._model.get_input_embeddings()(tokens)
        if not pictures[1]:
            return embedded
        places = (tokens == self._model.config.image_token_id).unsqueeze(-1)
        features = self._features(inputs, pictures, scope).to(embedded)
        if int(places.sum()) != len(features):
            raise ModelError(
                f"{self._name}: the processor leaves {int(places.sum())} places for the pictures' "
                f"{len(features)} features; processor and model do not fit each other"
            )
        return embedded.masked_scatter(places, features)

    def _features(self, inputs: dict[str, Any], pictures: PicturesKey, scope: Scope) -> Tensor:
        """Features (places, D) of all pictures of a prompt, in order."""
        if pictures not in self._kept:
            arguments = {
                name: value.to(self._model.device) for name, value in inputs.items() if name in self._accepted
            }
            arguments["pixel_values"] = arguments["pixel_values"].to(self._model.dtype)
            with scope():
                found = self._model.get_image_features(**arguments, return_dict=True).pooler_output
            parts = [found] if isinstance(found, Tensor) else list(found)
            self._kept[pictures] = torch.cat([part.reshape(-1, part.shape[-1]) for part in parts])
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(pictures)
        return self._kept[pictures]


def pad_left(prompts: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Stack embedded prompts of different lengths.

    Returns:
        The batch (N, T, D), zeros in front, and the attention mask (N, T).
    """
    length = max(len(prompt) for prompt in prompts)
    batch = prompts[0].new_zeros(len(prompts), length, prompts[0].shape[-1])
    mask = torch.zeros(batch.shape[:2], dtype=torch.long, device=batch.device)
    for row, prompt in enumerate(prompts):
        batch[row, length - len(prompt) :] = prompt
        mask[row, length - len(prompt) :] = 1
    return batch, mask
