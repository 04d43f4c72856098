"""The networks that learn together: CLIP's two sides, LLaVA on the same tower, and heads for the labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cotam.training.levelvqa.clip_examples import ClipBatch
from cotam.training.levelvqa.comparing import Comparer
from cotam.training.levelvqa.dialogue import IGNORED, Template, attention_mask
from cotam.training.levelvqa.examples import Batch
from cotam.training.levelvqa.labels import PATCH_LABELS, UNKNOWN, WHOLE_LABELS
from cotam.training.levelvqa.pointing import LAYER, Pointer


@dataclass(frozen=True)
class ClipLosses:
    """Parts of the loss on clips, as of `Losses`; ``compare`` is of `Comparer`."""

    answers: Tensor
    point: Tensor
    compare: Tensor
    right: Tensor


@dataclass(frozen=True)
class Losses:
    """Parts of the loss, scalars in float32, and how many answer tokens were right, 0..1."""

    answers: Tensor
    point: Tensor
    dense: Tensor
    whole: Tensor
    contrast: Tensor
    right: Tensor
    clips: ClipLosses | None = None


class Thought(NamedTuple):
    """What the language model made of a batch.

    Args:
        logits: of every answer token, (answers, vocabulary), in the order of the targets.
        attentions: of each layer, (N, heads, L + T, L + T); the first L tokens come before every question.
        hidden: of each layer, (N, L + T, D), the embeddings first.
        pictures: where among the L tokens the pictures' are.
    """

    logits: Tensor
    attentions: tuple[Tensor, ...]
    hidden: tuple[Tensor, ...]
    pictures: slice


class Learner(nn.Module):
    """Everything that ``cotam train levelvqa`` trains.

    Args:
        clip: transformers' CLIPModel.
        llava: transformers' LlavaForConditionalGeneration, whose tower shares the CLIP's parameters.
        template: the chat template, taken apart.
        processor: for the pictures' mean and standard deviation, and its tokenizer.
        clips: whether there will be clips.
    """

    def __init__(
        self, clip: Any, llava: Any, template: Template, processor: Any, clips: bool = False
    ) -> None:
        super().__init__()
        self.clip, self.llava = clip, llava
        width = clip.config.vision_config.hidden_size
        self.patch_head = nn.Linear(width, sum(PATCH_LABELS.values()))
        self.whole_head = nn.Linear(width, sum(WHOLE_LABELS.values()))
        self.pointer = Pointer(processor.tokenizer)
        patches = (clip.config.vision_config.image_size // clip.config.vision_config.patch_size) ** 2
        self.comparer = Comparer(llava.config.text_config.hidden_size, patches) if clips else None
        before, after = _around(template.prefix, llava.config.image_token_index)
        self.register_buffer("before", torch.tensor(before, dtype=torch.int64), persistent=False)
        self.register_buffer("after", torch.tensor(after, dtype=torch.int64), persistent=False)
        self.register_buffer(
            "mean", torch.tensor(processor.image_processor.image_mean).view(3, 1, 1), persistent=False
        )
        self.register_buffer(
            "std", torch.tensor(processor.image_processor.image_std).view(3, 1, 1), persistent=False
        )
        self.before: Tensor
        self.after: Tensor
        self.mean: Tensor
        self.std: Tensor

    def forward(
        self, batch: Batch, answers: bool = True, tower: bool = True, clips: ClipBatch | None = None
    ) -> Losses:
        """Return the parts of the loss on a batch, and on one of clips if there is one.

        Args:
            batch: scenes.
            answers: include the language model; without, its part is zero.
            tower: include what the tower alone must tell; without, it is only looked through.
            clips: clips, for the language model alone.
        """
        with torch.set_grad_enabled(tower and torch.is_grad_enabled()):
            seen = self.see(batch.pixels)
        nothing = seen.new_zeros((), dtype=torch.float32)
        loss, point, right = self._answers(seen[:, 1:], batch)[:3] if answers else (nothing, nothing, nothing)
        dense, whole, contrast = self._tells(seen, batch) if tower else (nothing, nothing, nothing)
        return Losses(
            answers=loss,
            point=point,
            dense=dense,
            whole=whole,
            contrast=contrast,
            right=right,
            clips=None if clips is None else self._compares(clips),
        )

    def _compares(self, batch: ClipBatch) -> ClipLosses:
        assert self.comparer is not None
        with torch.no_grad():
            seen = self.see(batch.pixels)
        loss, point, right, thought = self._answers(seen[:, 1:], batch)
        compare = self.comparer(thought.attentions, thought.hidden, thought.pictures, batch)
        return ClipLosses(answers=loss, point=point, compare=compare, right=right)

    def _tells(self, seen: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        summary = self.clip.vision_model.post_layernorm(seen[:, 0])
        named = self.patch_head(seen[:, 1:]).transpose(1, 2)
        return (
            _labels_loss(named, batch.patches, PATCH_LABELS.values()),
            _labels_loss(self.whole_head(summary), batch.whole, WHOLE_LABELS.values()),
            self._contrast(summary, batch),
        )

    def _answers(self, patches: Tensor, batch: Batch | ClipBatch) -> tuple[Tensor, Tensor, Tensor, Thought]:
        shown = self.llava.model.multi_modal_projector(patches)
        thought = self.think(shown.reshape(len(batch.tokens), -1, shown.shape[-1]), batch)
        texts = slice(-batch.tokens.shape[1], None)
        point = self.pointer(
            thought.attentions[LAYER][:, :, texts, thought.pictures], batch.tokens, batch.patches
        )
        targets = batch.targets[batch.targets != IGNORED]
        right = (thought.logits.argmax(-1) == targets).float().mean()
        return functional.cross_entropy(thought.logits.float(), targets), point, right, thought

    def see(self, pixels: Tensor) -> Tensor:
        """Final tokens of the tower, (N, 1 + P, D), for uint8 pixels (N, S, S, 3)."""
        values = (pixels.permute(0, 3, 1, 2).contiguous().float() / 255 - self.mean) / self.std
        return self.clip.vision_model(pixel_values=values).last_hidden_state

    def show(self, pixels: Tensor, pictures: int = 1) -> Tensor:
        """Tokens of pictures as the language model gets them, (N, F · P, D), ``pictures`` before each question."""
        shown = self.llava.model.multi_modal_projector(self.see(pixels)[:, 1:])
        return shown.reshape(len(shown) // pictures, -1, shown.shape[-1])

    def think(self, shown: Tensor, batch: Batch | ClipBatch) -> Thought:
        """What the language model says and where it looks, for tokens of pictures as of `show`."""
        model = self.llava.model
        embed = model.get_input_embeddings()
        before, after = (
            embed(part).to(shown.dtype).expand(len(shown), -1, -1) for part in (self.before, self.after)
        )
        inputs = torch.cat([before, shown, after, embed(batch.tokens).to(shown.dtype)], dim=1)
        prefix = inputs.shape[1] - batch.tokens.shape[1]
        start = torch.arange(prefix, device=inputs.device).expand(len(shown), -1)
        allowed = attention_mask(batch.segments, prefix)
        mask = torch.zeros(allowed.shape, dtype=inputs.dtype, device=inputs.device)
        mask.masked_fill_(~allowed, torch.finfo(inputs.dtype).min)
        said = model.language_model(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=torch.cat([start, batch.positions], dim=1),
            use_cache=False,
            output_attentions=True,
            output_hidden_states=True,
        )
        logits = self.llava.lm_head(said.last_hidden_state[:, prefix:][batch.targets != IGNORED])
        pictures = slice(len(self.before), len(self.before) + shown.shape[1])
        return Thought(logits, said.attentions, said.hidden_states, pictures)

    def _contrast(self, summary: Tensor, batch: Batch) -> Tensor:
        """CLIP's symmetric loss between the pictures and the captions of the batch (Radford et al. 2021)."""
        text = self.clip.get_text_features(
            input_ids=batch.captions, attention_mask=batch.captions_shown
        ).pooler_output
        pictures = functional.normalize(self.clip.visual_projection(summary).float(), dim=-1)
        texts = functional.normalize(text.float(), dim=-1)
        logits = self.clip.logit_scale.float().exp().clamp(max=100) * pictures @ texts.T
        target = torch.arange(len(logits), device=logits.device)
        return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def _around(prefix: tuple[int, ...], image: int) -> tuple[list[int], list[int]]:
    """Tokens before and after those of the picture."""
    first = prefix.index(image)
    return list(prefix[:first]), [token for token in prefix[first:] if token != image]


def _labels_loss(logits: Tensor, labels: Tensor, sizes: Iterable[int]) -> Tensor:
    """Sum over labels of the mean cross entropy; logits (N, classes, …), labels (N, labels, …)."""
    total = logits.new_zeros((), dtype=torch.float32)
    for column, part in enumerate(torch.split(logits.float(), list(sizes), dim=1)):
        wanted = labels[:, column]
        known = (wanted != UNKNOWN).sum().clamp(min=1)
        total = total + functional.cross_entropy(part, wanted, ignore_index=UNKNOWN, reduction="sum") / known
    return total
