"""Attention that learns to look where a word is meant: from the name of a kind or colour to the patches that show it.

Answers alone teach a small language model to look things up only after a plateau of many thousands of steps
(docs/log.md, note 10). The scene graph knows which patches show what, so that two heads of one layer are told.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from cotam.levelvqa.vocabulary import COLOURS, KINDS, PLURALS
from cotam.training.levelvqa.labels import PATCH_LABELS, THINGS

LAYER: Final = 1
"""Layer of the language model that learns to point; the one before it may join words such as "red star"."""
HEADS: Final = 2
"""How many of its heads do."""
NO_NAME: Final = -1


class Pointer(nn.Module):
    """Knows the words that name something, and what patches they name.

    Args:
        tokenizer: of the language model.
    """

    def __init__(self, tokenizer: Any) -> None:
        super().__init__()
        rows = torch.full((len(tokenizer),), NO_NAME)
        values = torch.zeros(len(tokenizer), dtype=torch.int64)
        labels = list(PATCH_LABELS)
        named = [(kind, "thing", THINGS.index(kind)) for kind in KINDS]
        named += [(PLURALS[kind], "thing", THINGS.index(kind)) for kind in KINDS]
        named += [(colour, "colour", number) for number, colour in enumerate(COLOURS)]
        for word, label, value in named:
            tokens = tokenizer(" " + word, add_special_tokens=False).input_ids
            if len(tokens) == 1:  # a word in pieces has no token of its own
                rows[tokens[0]], values[tokens[0]] = labels.index(label), value
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("values", values, persistent=False)
        self.rows: Tensor
        self.values: Tensor

    def shown(self, tokens: Tensor, patches: Tensor) -> Tensor:
        """Which patches each token names, bool (N, T, P), for tokens (N, T) and labels (N, labels, P).

        A kind after a colour means the patches of both, if there are any: "a red star".
        """
        rows, values = self.rows[tokens], self.values[tokens]
        wanted = torch.where(rows == NO_NAME, NO_NAME, values)[..., None]
        labels = torch.gather(patches, 1, rows.clamp(min=0)[..., None].expand(-1, -1, patches.shape[-1]))
        named = (labels == wanted) & (wanted != NO_NAME)
        both = named & functional.pad(named, (0, 0, 1, 0))[:, :-1]
        return torch.where(both.any(-1, keepdim=True), both, named)

    def forward(self, attention: Tensor, tokens: Tensor, patches: Tensor) -> Tensor:
        """Mean of -ln(attention on the patches named), in nats, over tokens that name something in the picture.

        Args:
            attention: of layer `LAYER` from the tokens to the picture's tokens, (N, heads, T, P).
            tokens: int64 (N, T).
            patches: see `labels.patch_labels`, (N, labels, P).
        """
        shown = self.shown(tokens, patches)
        meant = shown.any(-1)
        found = (attention[:, :HEADS].float().mean(1) * shown).sum(-1)
        losses = -found.clamp(min=1e-6).log() * meant
        return losses.sum() / meant.sum().clamp(min=1)
