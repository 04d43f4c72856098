"""The rate–distortion loss over the whole quality range at once."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cotam.models.base_codec import TrainingLatents, TrainingOutput
from cotam.ops.quality import MAX_LMBDA, MIN_LMBDA, lmbda_of_step


@dataclass(frozen=True)
class RateDistortion:
    """``loss`` is a scalar with gradient; ``bpp`` and ``mse`` are detached, (N,), per picture (MSE on 0..1)."""

    loss: Tensor
    bpp: Tensor
    mse: Tensor


def rate_distortion(
    out: TrainingOutput, x: Tensor, steps: Tensor, base: Tensor, balance: float, rate_weight: float = 1.0
) -> RateDistortion:
    """L = mean_n w_n (r R_n + 255² mean_p lmbda_p (x_hat_p - x_p)²),  w_n = (lmbda_n / middle)^-balance.

    ``lmbda_p`` follows the level map position by position, so raised cells are also worth more.

    Args:
        out: the model's output.
        x: originals (N, 3, H, W).
        steps: quality step of each latent cell (N, H/16, W/16).
        base: quality step of each picture (N,).
        balance: see `CodecTrainingConfig.balance`.
        rate_weight: r; 1 but for a codec that something beside the distortion asks for more rate.
    """
    bpp = bits_per_pixel(out, x)
    error = (out.x_hat - x).square().mean(1, keepdim=True)
    lmbda = F.interpolate(lmbda_of_step(steps)[:, None], size=x.shape[-2:], mode="nearest")
    distortion = 255.0**2 * (lmbda * error).flatten(1).mean(1)
    loss = (quality_weight(base, balance) * (rate_weight * bpp + distortion)).mean()
    return RateDistortion(loss, bpp.detach(), error.detach().flatten(1).mean(1))


def bits_per_pixel(out: TrainingOutput | TrainingLatents, x: Tensor) -> Tensor:
    """Estimated rate of each picture of ``x`` (N, 3, H, W), with gradient, (N,)."""
    bits = out.latent_bits.flatten(1).sum(1) + out.hyper_bits.flatten(1).sum(1)
    return bits / (x.shape[-2] * x.shape[-1])


def quality_weight(base: Tensor, balance: float) -> Tensor:
    """Weight of each picture in the loss, (lmbda / middle)^-balance, for quality steps (N,)."""
    return (lmbda_of_step(base) / (MIN_LMBDA * MAX_LMBDA) ** 0.5) ** -balance


def psnr_of(mse: Tensor) -> Tensor:
    """PSNR in dB of mean squared errors of samples in 0..1."""
    return -10 * torch.log10(mse.clamp_min(1e-10))
