"""The networks that learn together: CLIP's two sides, LLaVA on the same tower, and heads for the labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cotam.training.levelvqa.dialogue import IGNORED, Template, attention_mask
from cotam.training.levelvqa.examples import Batch
from cotam.training.levelvqa.labels import PATCH_LABELS, UNKNOWN, WHOLE_LABELS
from cotam.training.levelvqa.pointing import LAYER, Pointer


@dataclass(frozen=True)
class Losses:
    """Parts of the loss, scalars in float32, and how many answer tokens were right, 0..1."""

    answers: Tensor
    point: Tensor
    dense: Tensor
    whole: Tensor
    contrast: Tensor
    right: Tensor


class Learner(nn.Module):
    """Everything that ``cotam train levelvqa`` trains.

    Args:
        clip: transformers' CLIPModel.
        llava: transformers' LlavaForConditionalGeneration, whose tower shares the CLIP's parameters.
        template: the chat template, taken apart.
        processor: for the pictures' mean and standard deviation, and its tokenizer.
    """

    def __init__(self, clip: Any, llava: Any, template: Template, processor: Any) -> None:
        super().__init__()
        self.clip, self.llava = clip, llava
        width = clip.config.vision_config.hidden_size
        self.patch_head = nn.Linear(width, sum(PATCH_LABELS.values()))
        self.whole_head = nn.Linear(width, sum(WHOLE_LABELS.values()))
        self.pointer = Pointer(processor.tokenizer)
        self.register_buffer("prefix", torch.tensor(template.prefix), persistent=False)
        self.register_buffer(
            "mean", torch.tensor(processor.image_processor.image_mean).view(3, 1, 1), persistent=False
        )
        self.register_buffer(
            "std", torch.tensor(processor.image_processor.image_std).view(3, 1, 1), persistent=False
        )
        self.prefix: Tensor
        self.mean: Tensor
        self.std: Tensor

    def forward(self, batch: Batch, answers: bool = True, tower: bool = True) -> Losses:
        """Return the parts of the loss on a batch.

        Args:
            batch: scenes.
            answers: include the language model; without, its part is zero.
            tower: include what the tower alone must tell; without, it is only looked through.
        """
        with torch.set_grad_enabled(tower and torch.is_grad_enabled()):
            seen = self.see(batch.pixels)
        nothing = seen.new_zeros((), dtype=torch.float32)
        loss, point, right = self._answers(seen[:, 1:], batch) if answers else (nothing, nothing, nothing)
        dense, whole, contrast = self._tells(seen, batch) if tower else (nothing, nothing, nothing)
        return Losses(answers=loss, point=point, dense=dense, whole=whole, contrast=contrast, right=right)

    def _tells(self, seen: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        summary = self.clip.vision_model.post_layernorm(seen[:, 0])
        named = self.patch_head(seen[:, 1:]).transpose(1, 2)
        return (
            _labels_loss(named, batch.patches, PATCH_LABELS.values()),
            _labels_loss(self.whole_head(summary), batch.whole, WHOLE_LABELS.values()),
            self._contrast(summary, batch),
        )

    def _answers(self, patches: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        shown = self.llava.model.multi_modal_projector(patches)
        logits, attention = self.answer_logits(shown, batch)
        point = self.pointer(attention, batch.tokens, batch.patches)
        targets = batch.targets[batch.targets != IGNORED]
        right = (logits.argmax(-1) == targets).float().mean()
        return functional.cross_entropy(logits.float(), targets), point, right

    def see(self, pixels: Tensor) -> Tensor:
        """Final tokens of the tower, (N, 1 + P, D), for uint8 pixels (N, S, S, 3)."""
        values = (pixels.permute(0, 3, 1, 2).contiguous().float() / 255 - self.mean) / self.std
        return self.clip.vision_model(pixel_values=values).last_hidden_state

    def show(self, pixels: Tensor) -> Tensor:
        """Tokens of pictures as the language model gets them, (N, P, D)."""
        return self.llava.model.multi_modal_projector(self.see(pixels)[:, 1:])

    def answer_logits(self, shown: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the language model says, and where it looks.

        Args:
            shown: as of `show`.
            batch: scenes.

        Returns:
            Logits of every answer token, (answers, vocabulary), in the order of the targets; and attention of one layer
            from all tokens of questions to those of the picture, (N, heads, T, P), see `pointing`.
        """
        model = self.llava.model
        embed = model.get_input_embeddings()
        prefix = embed(self.prefix).expand(len(shown), -1, -1)
        places = (self.prefix == self.llava.config.image_token_index).nonzero()[:, 0]
        prefix = prefix.to(shown.dtype).index_copy(1, places, shown)
        inputs = torch.cat([prefix, embed(batch.tokens).to(shown.dtype)], dim=1)
        start = torch.arange(len(self.prefix), device=inputs.device).expand(len(shown), -1)
        allowed = attention_mask(batch.segments, len(self.prefix))
        mask = torch.zeros(allowed.shape, dtype=inputs.dtype, device=inputs.device)
        mask.masked_fill_(~allowed, torch.finfo(inputs.dtype).min)
        said = model.language_model(
            inputs_embeds=inputs,
            attention_mask=mask,
            position_ids=torch.cat([start, batch.positions], dim=1),
            use_cache=False,
            output_attentions=True,
        )
        hidden = said.last_hidden_state[:, len(self.prefix) :]
        attention = said.attentions[LAYER][:, :, len(self.prefix) :][..., places]
        return self.llava.lm_head(hidden[batch.targets != IGNORED]), attention

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


def _labels_loss(logits: Tensor, labels: Tensor, sizes: Iterable[int]) -> Tensor:
    """Sum over labels of the mean cross entropy; logits (N, classes, …), labels (N, labels, …)."""
    total = logits.new_zeros((), dtype=torch.float32)
    for column, part in enumerate(torch.split(logits.float(), list(sizes), dim=1)):
        wanted = labels[:, column]
        known = (wanted != UNKNOWN).sum().clamp(min=1)
        total = total + functional.cross_entropy(part, wanted, ignore_index=UNKNOWN, reduction="sum") / known
    return total
