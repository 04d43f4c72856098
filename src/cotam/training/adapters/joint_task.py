"""``cotam train neck --setting d2`` and ``d3``, and ``cotam train adapter --joint``, as tasks: the codec learns too."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from cotam.adapters import LatentAdapter, TransformNeck
from cotam.models.base_codec import TrainingOutput
from cotam.training.adapters.batches import Batch
from cotam.training.adapters.coding import Coded, to_pixels
from cotam.training.adapters.config import AdapterTrainingConfig, NeckTrainingConfig
from cotam.training.adapters.fidelity_loss import FidelityLoss
from cotam.training.adapters.seeing import WHITE, rounded_to_bytes
from cotam.training.adapters.surrogate_loss import SurrogateLoss
from cotam.training.adapters.task_parts import (
    PictureFeed,
    Surroundings,
    decaying_groups,
    device_of,
    new_adapter,
    new_neck,
    progress_of,
    view_of,
)
from cotam.training.adapters.text_targets import TextTargets
from cotam.training.adapters.token_maker import JointModel, JointOutput
from cotam.training.adapters.validation import PICTURES, similarities
from cotam.training.float_form import float_form
from cotam.training.rate_distortion import bits_per_pixel, psnr_of, quality_weight, rate_distortion
from cotam.training.task import Outcome, Position, Span


class JointTask:
    """Trains a network and its codec for a frozen tower: rate + distortion + what the tower sees.

    The codec starts as it was trained for people and covers its whole range of qualities on.

    Args:
        config: the recipe.
        around: codec to start from, tower and pictures.
        network: the neck or adapter.
        pictures: whether decoded pictures are of use; without, there is no distortion.
        description: what the checkpoint keeps.
        rate_weight: weight of the rate.
    """

    validation_seconds = 600.0
    leaves_out = True

    def __init__(
        self,
        config: NeckTrainingConfig | AdapterTrainingConfig,
        around: Surroundings,
        network: LatentAdapter | TransformNeck,
        pictures: bool,
        description: dict[str, Any],
        rate_weight: float = 1.0,
    ) -> None:
        self.balance, self.rate_weight, self.seed = config.balance, rate_weight, config.seed
        self.around, self.pictures, self.description = around, pictures, description
        self.view = view_of(config, around)
        codec = float_form(around.codec.network)
        codec.to(memory_format=torch.channels_last)
        self.model: nn.Module = JointModel(codec, network, self.view.geometry)
        self.feed = PictureFeed(around, config, picture=pictures, coded=False)

    def judged(self, out: JointOutput, batch: Batch, progress: float) -> Outcome:
        """What the tower sees against what it should, weighted as it counts beside the rate."""
        raise NotImplementedError

    def read(self, coded: Coded, tokens: Tensor) -> Tensor:
        """The tokens that the language model reads, (N, T, D), of coded pictures and the network's tokens."""
        raise NotImplementedError

    def batches(self, span: Span) -> Iterator[Batch]:
        """Pictures, which the learning codec codes."""
        return self.feed.batches(span, device_of(self.model))

    def loss(self, network: nn.Module, batch: Batch, at: Position) -> Outcome:
        """Rate, distortion where there are pictures, and what the tower sees, of one batch."""
        device = device_of(network)
        self.view.to(device)
        batch = self.feed.placed(batch, device)
        x = _normalised(batch.pixels)
        generator = torch.Generator(device).manual_seed((self.seed << 40) + at.index)
        out: JointOutput = network(x, batch.steps, batch.base, generator, picture=self.pictures)
        seen = self.judged(out, batch, progress_of(at))
        with torch.autocast(device.type, enabled=False):
            coding = self._coding(out, x, batch)
        return Outcome(coding.loss + seen.loss, {**coding.figures, **seen.figures})

    def parameter_groups(self, decay: float) -> list[dict[str, Any]]:
        """See `decaying_groups`."""
        return decaying_groups(self.model, decay)

    def validate(self, average: nn.Module) -> Any:
        """Similarity and estimated rate of the averaged codec and network, with rounded latents."""
        device = device_of(average)
        self.view.to(device)
        model = cast(JointModel, average)

        def code(pixels: Tensor, steps: Tensor, base: Tensor) -> Coded:
            latents = model.codec.code(_normalised(pixels), steps, base, rounded=True)
            x_hat = to_pixels(model.codec.reconstruct(latents.y_hat, steps)) if self.pictures else None
            bits = latents.latent_bits.flatten(1).sum(1) + latents.hyper_bits.flatten(1).sum(1)
            return Coded(latents.y_hat, x_hat, bits)

        def see(coded: Coded, steps: Tensor) -> Tensor:
            return self.read(coded, model.tokens(coded.y_hat, steps))

        return similarities(self.view, self.around.source.held_out(PICTURES), device, code, see)

    def _coding(self, out: JointOutput, x: Tensor, batch: Batch) -> Outcome:
        if out.x_hat is None:
            bpp = bits_per_pixel(out.latents, x)
            weight = quality_weight(batch.base, self.balance)
            return Outcome((weight * self.rate_weight * bpp).mean(), {"bpp": bpp.mean()})
        coded = TrainingOutput(out.x_hat, out.latents.latent_bits, out.latents.hyper_bits)
        found = rate_distortion(coded, x, batch.steps, batch.base, self.balance, self.rate_weight)
        return Outcome(found.loss, {"bpp": found.bpp.mean(), "psnr": psnr_of(found.mse).mean()})


class JointNeckTask(JointTask):
    """Bridge's d2, for people and machines, and d3, for machines only: no distortion.

    Args:
        config: the recipe.
        around: codec to start from, tower and pictures.
        targets: texts, if the tower has a text side.
        description: what the checkpoint keeps.
    """

    def __init__(
        self,
        config: NeckTrainingConfig,
        around: Surroundings,
        targets: TextTargets | None,
        description: dict[str, Any],
    ) -> None:
        torch.manual_seed(config.seed)
        network = new_neck(config, around, config.block)
        super().__init__(config, around, network, config.setting == "d2", description)
        self.config, self.judge = config, SurrogateLoss(self.view, config, targets)

    def judged(self, out: JointOutput, batch: Batch, progress: float) -> Outcome:
        """The surrogate, of one weight at every quality."""
        seen = self.judge(out.tokens, batch, progress)
        return Outcome(self.config.machine * seen.loss, seen.figures)

    def read(self, coded: Coded, tokens: Tensor) -> Tensor:
        """The neck's tokens, through the rest of the tower."""
        return self.view.entered(tokens, self.config.block, self.view.read_after).high


class JointAdapterTask(JointTask):
    """CoTAM's adapter with a codec that learns what the tower behind it needs; beyond the paper.

    Args:
        config: the recipe.
        around: codec to start from, tower and pictures.
        description: what the checkpoint keeps.
    """

    def __init__(
        self, config: AdapterTrainingConfig, around: Surroundings, description: dict[str, Any]
    ) -> None:
        torch.manual_seed(config.seed)
        super().__init__(config, around, new_adapter(config, around), True, description, config.rate_weight)
        self.config = config
        self.judge = FidelityLoss(self.view, replace(config, head_start=0.0))

    def judged(self, out: JointOutput, batch: Batch, progress: float) -> Outcome:
        """Multi-level fidelity, a second distortion: as the first it grows with λ against the rate.

        No head start of the low-level term: the codec would meanwhile learn for rate and distortion alone.
        """
        assert out.x_hat is not None
        weights = self.config.machine * quality_weight(batch.base, self.balance - 1)
        return self.judge(_bytes(out.x_hat), out.tokens, batch, progress, weights)

    def read(self, coded: Coded, tokens: Tensor) -> Tensor:
        """Decoded pictures with the adapter's tokens, through the tower."""
        return self.judge.seen(coded.x_hat, tokens, self.view.read_after).high


def _bytes(x_hat: Tensor) -> Tensor:
    """Float pictures (N, 3, H, W) of -0.5..0.5 as the tower gets them, (N, H, W, 3) of 0..255, with gradient."""
    return rounded_to_bytes((x_hat.float() + 0.5) * WHITE).permute(0, 2, 3, 1)


def _normalised(pixels: Tensor) -> Tensor:
    """Pictures uint8 (N, H, W, 3) as the codec takes them."""
    return pixels.permute(0, 3, 1, 2).float() / 255 - 0.5
