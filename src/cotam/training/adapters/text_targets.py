"""The texts that a picture is classified among, and which of them is its own."""

from collections.abc import Sequence

import torch
from torch import Tensor

from cotam.training.adapters.batches import Batch
from cotam.training.adapters.examples import UNKNOWN
from cotam.training.losses import TEMPERATURE
from cotam.vision import Tower


class TextTargets:
    """Text embeddings for Bridge's zero-shot cross entropy.

    With classes, their sentences, embedded once. Without, the captions of the batch: each picture is told from the
    others by its own (CLIP's contrastive loss, one way).

    Args:
        tower: a tower with its text side.
        classes: a sentence for each class; empty where pictures have captions instead.
    """

    def __init__(self, tower: Tower, classes: Sequence[str] = ()) -> None:
        self.tower, self.classes = tower, tuple(classes)
        self._embedded: Tensor | None = None
        scale = getattr(tower.text_side.model, "logit_scale", None)
        self.temperature = TEMPERATURE if scale is None else float(torch.exp(-scale.detach().float()))
        """The model's own, which its embeddings were trained with."""

    def of(self, batch: Batch) -> tuple[Tensor, Tensor] | None:
        """Texts (K, E) and the number of each picture's own, int64 (N,); None if no picture of the batch has one."""
        device = batch.pixels.device
        if self.classes:
            if self._embedded is None or self._embedded.device != device:
                self._embedded = self._embed(self.classes, device)
            return (self._embedded, batch.labels) if bool((batch.labels != UNKNOWN).any()) else None
        texts = list(dict.fromkeys(caption for caption in batch.captions if caption))
        if not texts:
            return None
        own = [texts.index(caption) if caption else UNKNOWN for caption in batch.captions]
        return self._embed(texts, device), torch.tensor(own, device=device)

    def image_embeddings(self, tokens: Tensor) -> Tensor:
        """See `Tower.image_embeddings`."""
        return self.tower.image_embeddings(tokens)

    @torch.no_grad()
    def _embed(self, texts: Sequence[str], device: torch.device) -> Tensor:
        self.tower.text_side.model.to(device)
        with torch.autocast(device.type, enabled=False):
            return self.tower.text_side.embed(texts).float()
