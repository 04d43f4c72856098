"""The hyperprior of ELIC: dense convolutions, as in Minnen et al., "Joint autoregressive and hierarchical priors".

Analysis runs at the encoder only and is ordinary floating point. Synthesis runs on both sides and is exact.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.structure import HYPER_STRIDE
from cotam.models.elic.dense_convolution import DenseConv, DoublingConv
from cotam.models.elic.relu_chain import ReluChain


class DenseHyperAnalysis(nn.Module):
    """h_a: gained latents (N, M, H, W) and quality hats to hyper-latents (N, Z, ⌈H/4⌉, ⌈W/4⌉)."""

    def __init__(self, latents: int, hyper: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(latents, hyper, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hyper, hyper, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(hyper, hyper, 5, stride=2, padding=2),
        )

    def forward(self, y: Tensor, hats: Tensor) -> Tensor:
        """Describe the latents; quality shows in their gains, so the hats are not used."""
        h, w = y.shape[-2:]
        return self.layers(F.pad(y, (0, -w % HYPER_STRIDE, 0, -h % HYPER_STRIDE), mode="replicate"))


def dense_hyper_synthesis(hyper: int, hidden: int, features: int) -> ReluChain:
    """h_s: hyper-latents (N, Z, h, w), in activation units, to features (N, C, 4h, 4w)."""
    return ReluChain(
        DoublingConv(hyper, hyper, 5), DoublingConv(hyper, hidden, 5), DenseConv(hidden, features, 3)
    )
