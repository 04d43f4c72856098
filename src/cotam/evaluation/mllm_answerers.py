"""`Mllm` as the harness asks it."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch
from torch import Tensor

from cotam.checkpoint.adapter_choice import choose_adapter
from cotam.checkpoint.adapters import LoadedAdapter, load_adapter, tower_identity
from cotam.codec import Codec
from cotam.evaluation.answerers import Given
from cotam.evaluation.methods import Mode
from cotam.mllm import Mllm
from cotam.mllm.entering import Entrance
from cotam.mllm.pictures import Gallery, Picture

ANSWER_TOKENS: Final = 8
"""LevelVQA's answers are one word or number."""
BATCH: Final = 64
DIGITS: Final = 16


class MllmAnswerers:
    """Makes answerers of a loaded MLLM; its weights are there once, whatever it is entered by."""

    def __init__(self, mllm: Mllm) -> None:
        """Take a model that was loaded without an adapter."""
        self.name = mllm.name
        self._mllm, self._identity = mllm, mllm_identity(mllm)

    def answerer(self, mode: Mode, adapter: str | None, codec: Codec | None) -> "MllmAnswerer":
        """See `Answerers.answerer`."""
        if mode == "pixels" or codec is None:
            return MllmAnswerer(self._mllm, "pixels", self._identity)
        plain = self._mllm
        tower = tower_identity(plain.name, plain.model.get_encoder(modality="image"))
        file = choose_adapter(mode, adapter, codec.model_id.hex(), tower)
        file.card.check_codec(codec.name, codec.model_id)
        loaded = load_adapter(file.path)
        entered = Mllm(plain.name, plain.model, plain.processor, [loaded], codec)
        return MllmAnswerer(entered, mode, f"{self._identity}-{mode}-{file.adapter_id}", loaded, codec)


class MllmAnswerer:
    """An MLLM that is entered in one way."""

    def __init__(
        self,
        mllm: Mllm,
        mode: Mode,
        identity: str,
        adapter: LoadedAdapter | None = None,
        codec: Codec | None = None,
    ) -> None:
        """Take a model with what it is entered by.

        Args:
            mllm: with the adapter.
            mode: how it is entered.
            identity: see `Answerer.identity`.
            adapter: again, for `layer_tokens`.
            codec: of the streams.
        """
        self.identity = identity
        self._mllm, self._mode, self._codec = mllm, mode, codec
        self._entrance = (
            None if adapter is None else Entrance(mllm.name, mllm.model, mllm.processor, [adapter])
        )

    def answer_batch(self, items: Sequence[tuple[Given, str]]) -> Sequence[str]:
        """See `Answerer.answer_batch`."""
        return self._mllm.answer_batch(
            list(items), mode=self._mode, batch_size=BATCH, max_new_tokens=ANSWER_TOKENS
        )

    def chat(self, messages: Sequence[Mapping[str, Any]], max_new_tokens: int) -> str:
        """Continue a conversation, in which there may be several pictures or streams; see `Mllm.chat`."""
        return self._mllm.chat(messages, mode=self._mode, max_new_tokens=max_new_tokens)

    @torch.inference_mode()
    def layer_tokens(self, given: Given) -> Tensor:
        """See `Answerer.layer_tokens`; of models with tiles, the tokens of all tiles."""
        picture, model = Gallery(self._codec).load(given), self._mllm.model
        shown = picture.blank if self._mode == "neck" else picture.image
        inputs = self._mllm.processor.image_processor(images=[shown], return_tensors="pt")
        pixels: Any = inputs["pixel_values"].to(model.device, model.dtype)
        with self._entered(picture):
            tower = model.get_encoder(modality="image")
            found = tower(pixels[0] if pixels.ndim == 5 else pixels, output_hidden_states=True).hidden_states
        return torch.stack([tokens.flatten(0, 1) for tokens in found])

    def _entered(self, picture: Picture) -> AbstractContextManager[None]:
        return nullcontext() if self._entrance is None else self._entrance.open([picture])


def mllm_identity(mllm: Mllm) -> str:
    """Hash of all that decides on answers: weights, chat template, treatment of pictures."""
    digest = hashlib.sha256()
    for name, tensor in sorted(mllm.model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    images = mllm.processor.image_processor
    digest.update(f"{mllm.processor.chat_template}\0{images.to_json_string()}".encode())
    return digest.hexdigest()[:DIGITS]
