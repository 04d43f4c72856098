"""Guidance by a vision tower: where it looks, and what in the picture a phrase is about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from cotam.guidance.attention import DEFAULT_LAYERS, Attention
from cotam.guidance.hierarchical import Hierarchical, Pixels, uses_tiles
from cotam.guidance.importance import attention_importance
from cotam.guidance.looking import AttentionGuidance, tower_importance

if TYPE_CHECKING:
    from cotam.vision import Tower


class TowerGuidance(AttentionGuidance):
    """Importance from the attention of a tower's first blocks (CoTAM, section 3)."""

    tower: "Tower"

    def __init__(
        self,
        tower: "Tower",
        layers: Sequence[int] = DEFAULT_LAYERS,
        attention: Attention = "auto",
        hierarchical: Hierarchical = "auto",
    ) -> None:
        """Choose what is read off the tower; arguments and errors as in `AttentionGuidance`."""
        super().__init__(tower, layers, attention, hierarchical)

    def maps(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        """See `AttentionGuidance.maps`."""
        images = self.tower.preprocess(pictures)
        return attention_importance(self.tower, images, self.layers, self.attention)


class PromptGuidance:
    """Importance by a question or phrase: how well each patch fits it, by the tower's own text side.

    Beyond the paper, and off unless asked for: the picture is then coded for this question, and others may fare worse.
    The whole tower is run. Towers are trained to match whole pictures with texts, not patches, so the map is rough.
    """

    def __init__(self, tower: "Tower", prompt: str, hierarchical: Hierarchical = "auto") -> None:
        """Choose tower and phrase.

        Args:
            tower: a tower with a text side (CLIP, SigLIP).
            prompt: a question or phrase, such as "what does the sign say".
            hierarchical: whether large pictures are looked at in tiles too, as in `hierarchical.uses_tiles`.

        Raises:
            ValueError: if the tower has no text side or the prompt is empty.
        """
        if not tower.has_text:
            raise ValueError(
                f"prompt needs a tower with a text side, such as CLIP or SigLIP; {tower.name} has none"
            )
        if not prompt.strip():
            raise ValueError("prompt must be a question or phrase; it is empty")
        uses_tiles(1, 1, tower.input_size, hierarchical)
        self.tower = tower
        self.prompt = prompt
        self.hierarchical = hierarchical

    @property
    def name(self) -> str:
        """The tower and the phrase."""
        return f"{self.tower.name}:prompt={self.prompt}"

    def importance(self, pixels: Pixels) -> NDArray[np.float32]:
        """See `Guidance.importance`: cosine similarity of patch and phrase; tiles as in `TowerGuidance`."""
        return tower_importance(self.tower, pixels, self._maps, 1, self.hierarchical)

    def _maps(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        with torch.inference_mode():
            relevance = self.tower.text_relevance(
                self.tower.preprocess(pictures), [self.prompt] * len(pictures)
            )
        return np.asarray(torch.as_tensor(relevance).float().cpu(), dtype=np.float32)
