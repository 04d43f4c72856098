"""``cotam train neck --setting d2`` and ``d3`` as a task of the training loop: the codec learns too."""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from cotam.models.cotam_s import TrainingOutput
from cotam.training.adapters.batches import Batch
from cotam.training.adapters.coding import Coded, to_pixels
from cotam.training.adapters.config import NeckTrainingConfig
from cotam.training.adapters.surrogate_loss import SurrogateLoss
from cotam.training.adapters.task_parts import (
    PictureFeed,
    Surroundings,
    decaying_groups,
    device_of,
    new_neck,
    progress_of,
    view_of,
)
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.adapters.token_maker import CodecAndNeck, JointOutput
from cotam.training.adapters.validation import PICTURES, similarities
from cotam.training.float_form import float_form
from cotam.training.rate_distortion import bits_per_pixel, psnr_of, quality_weight, rate_distortion
from cotam.training.task import Outcome, Position, Span


class JointTask:
    """Trains a transform-neck and its codec for a frozen tower.

    d2 is for people and machines: rate + distortion + what the tower sees. d3 is for machines only: no distortion. The
    codec starts as it was trained for people and covers its whole range of qualities on.

    Args:
        config: the recipe.
        around: codec to start from, tower and pictures.
        targets: texts, if the tower has a text side.
        description: what the checkpoint keeps.
    """

    validation_seconds = 600.0
    leaves_out = True

    def __init__(
        self,
        config: NeckTrainingConfig,
        around: Surroundings,
        targets: TextTargets | None,
        description: dict[str, Any],
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.around, self.description = config, around, description
        self.view = view_of(config, around)
        codec = float_form(around.codec.network)
        codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model: nn.Module = CodecAndNeck(
            codec, new_neck(config, around, config.block), self.view.geometry
        )
        self.pictures = config.setting == "d2"
        self.feed = PictureFeed(around, config, picture=self.pictures, coded=False)
        self.judge = SurrogateLoss(self.view, config, targets)

    def batches(self, span: Span) -> Iterator[Batch]:
        """Pictures, which the learning codec codes."""
        return self.feed.batches(span, device_of(self.model))

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """Rate, distortion (d2 only) and the surrogate of one batch."""
        device = device_of(network)
        self.view.to(device)
        batch = self.feed.placed(batch, device)
        x = _normalised(batch.pixels)
        generator = torch.Generator(device).manual_seed((self.config.seed << 40) + at.index)
        out: JointOutput = network(x, batch.steps, batch.base, generator, picture=self.pictures)
        seen = self.judge(out.tokens, batch, progress_of(at))
        with torch.autocast(device.type, enabled=False):
            coding = self._coding(out, x, batch)
        return Outcome(coding.loss + self.config.machine * seen.loss, {**coding.figures, **seen.figures})

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """See `decaying_groups`."""
        return decaying_groups(self.model, decay)

    def validate(self, average: nn.Module) -> Any:
        """Similarity and estimated rate of the averaged codec and neck, with rounded latents."""
        device = device_of(average)
        self.view.to(device)
        model = cast(CodecAndNeck, average)

        def code(pixels: Tensor, steps: Tensor, base: Tensor) -> Coded:
            latents = model.codec.code(_normalised(pixels), steps, base, rounded=True)
            x_hat = to_pixels(model.codec.reconstruct(latents.y_hat, steps)) if self.pictures else None
            bits = latents.latent_bits.flatten(1).sum(1) + latents.hyper_bits.flatten(1).sum(1)
            return Coded(latents.y_hat, x_hat, bits)

        def see(coded: Coded, steps: Tensor) -> Tensor:
            tokens = model.tokens(coded.y_hat, steps)
            return self.view.entered(tokens, self.config.block, self.view.read_after).high

        return similarities(self.view, self.around.source.held_out(PICTURES), device, code, see)

    def _coding(self, out: JointOutput, x: Tensor, batch: Batch) -> Outcome:
        if out.x_hat is None:
            bpp = bits_per_pixel(out.latents, x)
            weight = quality_weight(batch.base, self.config.balance)
            return Outcome((weight * bpp).mean(), {"bpp": bpp.mean()})
        coded = TrainingOutput(out.x_hat, out.latents.latent_bits, out.latents.hyper_bits)
        found = rate_distortion(coded, x, batch.steps, batch.base, self.config.balance)
        return Outcome(found.loss, {"bpp": found.bpp.mean(), "psnr": psnr_of(found.mse).mean()})


def _normalised(pixels: Tensor) -> Tensor:
    """Pictures uint8 (N, H, W, 3) as the codec takes them."""
    return pixels.permute(0, 3, 1, 2).float() / 255 - 0.5
