"""``cotam train levelvqa`` as a task of the training loop."""

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import nn

from cotam.levelvqa.clips import PICTURES
from cotam.mllm.embedded import EmbeddedSizes, build_clip, build_llava, build_processor, tokenizer_for_clip
from cotam.training.attention import PLAIN_ATTENTION, attention_for
from cotam.training.levelvqa.clip_examples import CLIP_DRAWS, ClipMaker
from cotam.training.levelvqa.config import LevelVQATrainingConfig
from cotam.training.levelvqa.dialogue import take_apart
from cotam.training.levelvqa.examples import Maker, SceneBatches, Step, load_batches
from cotam.training.levelvqa.network import Learner
from cotam.training.levelvqa.starting import start_from_frequencies
from cotam.training.levelvqa.validating import validate_clips, validate_scenes
from cotam.training.task import Outcome, Position, Span

SPEAKING_PARTS = (
    "llava.model.multi_modal_projector.",
    "llava.model.language_model.",
    "llava.lm_head.",
    "comparer.",
)
"""Names of parameters of the projector and the language model, and of what reads clips out of it."""
FIGURES = ("answers", "point", "dense", "whole", "contrast", "right")
"""Names of `Losses` that the log keeps."""
CLIP_FIGURES = ("answers", "point", "compare", "right")
"""Names of `ClipLosses` that the log keeps, after ``clip_``."""


class LevelVQATask:
    """Trains the embedded MLLM.

    Args:
        config: the recipe.
        sizes: of a new model.
        tokenizer: of `mllm.embedded.build_tokenizer`.
        workers: processes that draw scenes.
    """

    validation_seconds = 1200.0
    leaves_out = True

    def __init__(
        self, config: LevelVQATrainingConfig, sizes: EmbeddedSizes, tokenizer: Any, workers: int = 1
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.workers = config, workers
        self.processor = build_processor(sizes, tokenizer)
        clip = build_clip(sizes, tokenizer)
        llava = build_llava(sizes, tokenizer, clip)
        start_from_frequencies(clip.vision_model)
        picture_tokens = (sizes.image // sizes.patch) ** 2
        for model in (clip, llava):
            model.set_attn_implementation(attention_for(1 + picture_tokens))
        llava.model.language_model.set_attn_implementation(PLAIN_ATTENTION)  # to see where it looks
        template = take_apart(self.processor, picture_tokens)
        self.model: nn.Module = Learner(clip, llava, template, self.processor, bool(config.clips))
        if config.frozen_tower:
            for name, parameter in self.model.named_parameters():
                parameter.requires_grad_(name.startswith(SPEAKING_PARTS))
        self.maker = Maker(
            tokenizer,
            tokenizer_for_clip(tokenizer, sizes.text_length),
            template,
            sizes.image,
            sizes.patch,
            config.seed,
            config.draws,
            config.facts,
        )
        self.clip_maker = ClipMaker(
            tokenizer,
            take_apart(self.processor, picture_tokens, PICTURES),
            sizes.image,
            sizes.patch,
            config.seed,
            CLIP_DRAWS * config.draws,
            config.facts,
        )
        self.description = {
            "sizes": dataclasses.asdict(sizes),
            "tokenizer": tokenizer.backend_tokenizer.to_str(),
        }

    def batches(self, span: Span) -> Iterator[Step]:
        """Scenes and clips of the training split, each seed once."""
        data = SceneBatches(self.maker, self.clip_maker, self.config)
        return load_batches(data, span.indexes(), self.workers)

    def loss(self, network: nn.Module, batch: Step, at: Position) -> Outcome:
        """Answers plus the weighted rest; of clips as much as their share."""
        config, step = self.config, batch.to(next(network.parameters()).device)
        asked = at.step >= config.tower_first * at.total if at.total is not None else config.tower_first == 0
        parts = network(step.scenes, answers=asked, tower=not config.frozen_tower, clips=step.clips)
        loss = parts.answers + config.point * parts.point + config.dense * parts.dense
        loss = loss + config.whole * parts.whole + config.contrast * parts.contrast
        figures = {name: getattr(parts, name) for name in FIGURES}
        if (told := parts.clips) is not None:
            of_clips = told.answers + config.point * told.point + config.compare * told.compare
            loss = (1 - config.clips) * loss + config.clips * of_clips
            figures |= {f"clip_{name}": getattr(told, name) for name in CLIP_FIGURES}
        return Outcome(loss, figures)

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """Matrices and kernels decay, embeddings, biases and norms do not; what speaks learns faster."""
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in self.model.named_parameters():
            if not parameter.requires_grad:
                continue
            plain = parameter.dim() < 2 or "embed" in name
            speaks = name.startswith(SPEAKING_PARTS)
            groups.setdefault((plain, speaks), []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": 0.0 if plain else decay,
                "rate_scale": self.config.language_rate if speaks else 1.0,
            }
            for (plain, speaks), parameters in sorted(groups.items())
        ]

    @torch.no_grad()
    def validate(self, average: nn.Module) -> dict[str, Any]:
        """Share of right answers on validation scenes, and on clips if clips are learned; see `validating`."""
        learner = cast(Learner, average).eval()
        figures = validate_scenes(learner, self.maker)
        if self.config.clips:
            figures["clips"] = validate_clips(learner, self.clip_maker)
        learner.train()
        return figures
