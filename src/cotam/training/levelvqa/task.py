"""``cotam train levelvqa`` as a task of the training loop."""

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import nn

from cotam.levelvqa.sampling import sample_graph
from cotam.levelvqa.splits import SPLITS
from cotam.mllm.embedded import EmbeddedSizes, build_clip, build_llava, build_processor, tokenizer_for_clip
from cotam.training.levelvqa.config import LevelVQATrainingConfig
from cotam.training.levelvqa.dialogue import IGNORED, take_apart
from cotam.training.levelvqa.examples import Batch, Maker, SceneBatches, load_batches
from cotam.training.levelvqa.network import Learner
from cotam.training.levelvqa.starting import start_from_frequencies
from cotam.training.task import Outcome, Position, Span

CPU_ATTENTION = "eager"
"""Plain products and softmax: in training on a CPU in bfloat16 1.6 times as fast as fused attention."""
POINTING_ATTENTION = "eager"
"""Fused attention does not say where it looks."""
SPEAKING_PARTS = ("llava.model.multi_modal_projector.", "llava.model.language_model.", "llava.lm_head.")
"""Names of parameters of the projector and the language model."""
FIGURES = ("answers", "point", "dense", "whole", "contrast", "right")
"""Names of `Losses` that the log keeps."""
VALIDATION_SCENES, VALIDATION_BATCH = 192, 24


class LevelVQATask:
    """Trains the embedded MLLM.

    Args:
        config: the recipe.
        sizes: of a new model.
        tokenizer: of `mllm.embedded.build_tokenizer`.
        workers: processes that draw scenes.
    """

    validation_seconds = 600.0
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
        if not torch.cuda.is_available():
            for model in (clip, llava):
                model.set_attn_implementation(CPU_ATTENTION)
        llava.model.language_model.set_attn_implementation(POINTING_ATTENTION)
        picture_tokens = (sizes.image // sizes.patch) ** 2
        template = take_apart(self.processor, picture_tokens)
        self.model: nn.Module = Learner(clip, llava, template, self.processor)
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
        self.description = {
            "sizes": dataclasses.asdict(sizes),
            "tokenizer": tokenizer.backend_tokenizer.to_str(),
        }

    def batches(self, span: Span) -> Iterator[Batch]:
        """Scenes of the training split, each once."""
        data = SceneBatches(self.maker, self.config.batch, self.config.first_scene)
        return load_batches(data, span.indexes(), self.workers)

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """Answers plus the weighted rest."""
        config, device = self.config, next(network.parameters()).device
        asked = at.step >= config.tower_first * at.total if at.total is not None else config.tower_first == 0
        parts = network(batch.to(device), answers=asked, tower=not config.frozen_tower)
        loss = parts.answers + config.point * parts.point + config.dense * parts.dense
        loss = loss + config.whole * parts.whole + config.contrast * parts.contrast
        figures = {name: getattr(parts, name) for name in FIGURES}
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
        """Share of right answers by family on validation scenes; an answer is right if all its tokens are."""
        learner = cast(Learner, average).eval()
        device = next(learner.parameters()).device
        start, hits = SPLITS["validation"].start, dict[str, list[bool]]()
        maker = dataclasses.replace(self.maker, draws=1, facts=False)
        for first in range(start, start + VALIDATION_SCENES, VALIDATION_BATCH):
            seeds = range(first, first + VALIDATION_BATCH)
            batch = maker.batch(seeds).to(device)
            logits, _ = learner.answer_logits(learner.show(batch.pixels), batch)
            shown = batch.targets != IGNORED
            wrong = torch.zeros_like(batch.targets, dtype=torch.bool)
            wrong[shown] = logits.argmax(-1) != batch.targets[shown]
            for row, seed in enumerate(seeds):
                judge(maker, seed, wrong[row], batch.segments[row], hits)
        learner.train()
        families = {name: round(sum(values) / len(values), 4) for name, values in sorted(hits.items())}
        answers = [value for values in hits.values() for value in values]
        return {"accuracy": round(sum(answers) / len(answers), 4), "families": families}


def judge(
    maker: Maker, seed: int, wrong: torch.Tensor, segments: torch.Tensor, hits: dict[str, list[bool]]
) -> None:
    """Add to ``hits``, by family, whether each packed question of a scene was answered rightly."""
    order = maker.questions(sample_graph(seed, size=maker.size))
    for number, question in enumerate(order, start=1):
        if bool((segments == number).any()):
            hits.setdefault(question.family, []).append(not bool(wrong[segments == number].any()))
