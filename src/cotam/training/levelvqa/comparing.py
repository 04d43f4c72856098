"""A language model that is told to compare a clip's pictures.

Answers about what happens rest on two pictures, and a small language model does not find out by itself to put them
side by side. The graph knows what there is to be found. In the first layer, one head learns to look from each patch at
the same place in the picture before, and one at the same thing; after the second layer every patch tells what its
object has done since; and in the third layer, two heads look from the end of a question at what answers it. What tells
is thrown away after training.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from cotam.training.levelvqa.changes import CHANGE_LABELS, EVENTS
from cotam.training.levelvqa.clip_examples import ClipBatch
from cotam.training.levelvqa.dialogue import IGNORED
from cotam.training.levelvqa.labels import PATCH_LABELS, UNKNOWN
from cotam.training.levelvqa.pointing import HEADS

COMPARING_LAYER: Final = 0
PLACE_HEAD, THING_HEAD = HEADS, HEADS + 1
"""Heads of `COMPARING_LAYER`: same place, same thing."""
WAY_LAYER, WAY_HEAD = 1, HEADS
"""Head that looks back at what has moved if it came from the left or from above, else at the very first token.

Neither tower nor language model knows rows (docs/log.md, note 10), but whether a token came earlier or later they can
tell; columns the tower knows."""
TELLING: Final = 2
"""After how many layers patches tell what has changed."""
LOOKING_LAYER: Final = 2
"""Layer whose first heads look at what answers."""
SAME_WEIGHT: Final = 0.1
"""Weight of patches whose object has done nothing: nine in ten are such."""
_LEAST: Final = 1e-6


class Comparer(nn.Module):
    """Losses of what is told.

    Args:
        width: of the language model.
        patches: tokens of a picture.
    """

    def __init__(self, width: int, patches: int) -> None:
        super().__init__()
        self.patches = patches
        self.change_head = nn.Linear(width, CHANGE_LABELS["event"] + CHANGE_LABELS["before"])
        self.light_head = nn.Linear(width, CHANGE_LABELS["light"])
        weights = torch.tensor([SAME_WEIGHT] + [1.0] * (len(EVENTS) - 1))
        self.register_buffer("event_weights", weights, persistent=False)
        self.event_weights: Tensor

    def forward(
        self,
        attentions: tuple[Tensor, ...],
        hidden: tuple[Tensor, ...],
        pictures: slice,
        batch: ClipBatch,
    ) -> Tensor:
        """Sum of all that is told, a scalar in float32; arguments as in `network.Thought`."""
        comparing = attentions[COMPARING_LAYER][:, :, pictures, pictures]
        same = self.same_before(batch.patches)
        ways = attentions[WAY_LAYER][:, WAY_HEAD, pictures]
        known = hidden[TELLING][:, pictures]
        texts = slice(-batch.tokens.shape[1], None)
        looking = attentions[LOOKING_LAYER][:, :HEADS, texts, pictures]
        return (
            self.place_loss(comparing[:, PLACE_HEAD])
            + thing_loss(comparing[:, THING_HEAD], same)
            + way_loss(ways[..., 0], ways[..., pictures], same, batch.changes[:, 0])
            + self.change_loss(known, batch.changes)
            + look_loss(looking, batch)
        )

    def change_loss(self, known: Tensor, labels: Tensor) -> Tensor:
        """Cross entropies of what has happened, of what was there, and of the light; known (N, F · P, D)."""
        named = self.change_head(known).float().transpose(1, 2)
        happened, was = torch.split(named, [CHANGE_LABELS["event"], CHANGE_LABELS["before"]], dim=1)
        light = self.light_head(known).float().transpose(1, 2)
        return (
            functional.cross_entropy(happened, labels[:, 0], self.event_weights, ignore_index=UNKNOWN)
            + functional.cross_entropy(was, labels[:, 1], ignore_index=UNKNOWN)
            + functional.cross_entropy(light, labels[:, 2], ignore_index=UNKNOWN)
        )

    def place_loss(self, attention: Tensor) -> Tensor:
        """Mean of -ln(attention at the same place in the picture before); attention (N, F · P, F · P)."""
        found = attention[:, self.patches :, : -self.patches].diagonal(dim1=1, dim2=2)
        return -found.float().clamp(min=_LEAST).log().mean()

    def same_before(self, patches: Tensor) -> Tensor:
        """Which patches of the picture before show the same kind, bool (N, F · P, F · P)."""
        things = patches[:, list(PATCH_LABELS).index("thing")]
        picture = torch.arange(things.shape[1], device=things.device) // self.patches
        before = picture[:, None] == picture[None] + 1
        return (things[:, :, None] == things[:, None]) & before & (things[:, :, None] > 0)


def thing_loss(attention: Tensor, same: Tensor) -> Tensor:
    """Mean of -ln(attention on the same kind in the picture before), over patches whose kind was there."""
    return _missed((attention.float() * same).sum(-1), same.any(-1))


def way_loss(first: Tensor, attention: Tensor, same: Tensor, events: Tensor) -> Tensor:
    """Mean of -ln(attention where `WAY_HEAD` is to look), over patches of what has moved.

    Args:
        first: attention on the first token, (N, F · P).
        attention: on the pictures, (N, F · P, F · P).
        same: of `Comparer.same_before`.
        events: indices in `EVENTS`, (N, F · P).
    """
    onward, back = (
        torch.isin(events, torch.tensor([EVENTS.index(way) for way in ways], device=events.device))
        for ways in (("right", "down"), ("left", "up"))
    )
    found = torch.where(onward, (attention.float() * same).sum(-1), first.float())
    return _missed(found, (onward & same.any(-1)) | back)


def look_loss(attention: Tensor, batch: ClipBatch) -> Tensor:
    """Mean of -ln(attention on what answers), at the tokens that answers follow on; attention (N, heads, T, F · P)."""
    answers = batch.targets != IGNORED
    asks = answers & ~functional.pad(answers, (1, 0))[:, :-1]
    row, place = asks.nonzero(as_tuple=True)
    wanted = batch.looks[row, batch.segments[row, place]]
    found = (attention.float().mean(1)[row, place] * wanted).sum(-1)
    return _missed(found, wanted.any(-1))


def _missed(found: Tensor, meant: Tensor) -> Tensor:
    """Mean of -ln(found) over what is meant, in nats."""
    losses = -found.clamp(min=_LEAST).log() * meant
    return losses.sum() / meant.sum().clamp(min=1)
