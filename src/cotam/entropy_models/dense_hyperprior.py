"""The hyperprior of ELIC: dense convolutions, as in Minnen et al., "Joint autoregressive and hierarchical priors".

Analysis runs at the encoder only and is ordinary floating point. Synthesis runs on both sides and is exact. What
passes between them is the symbol, hyper-latent minus median; the medians are those of the factorised prior.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.entropy_models.factorised import FactorisedPrior
from cotam.entropy_models.structure import HYPER_STRIDE
from cotam.ops.dense_convolution import DenseConv, DoublingConv
from cotam.ops.equalising import Link
from cotam.ops.fixed_point import FixedConv, saturate
from cotam.ops.integers import ONE


class DenseHyperAnalysis(nn.Module):
    """h_a: gained latents (N, M, H, W) and quality hats to hyper-latents (N, Z, ⌈H/4⌉, ⌈W/4⌉) minus their medians."""

    def __init__(self, latents: int, prior: FactorisedPrior) -> None:
        super().__init__()
        hyper = len(prior.medians)
        self.layers = nn.Sequential(
            nn.Conv2d(latents, hyper, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hyper, hyper, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(hyper, hyper, 5, stride=2, padding=2),
        )
        self._prior = (prior,)  # in a tuple it is no module of ours: its state is the codec's

    def forward(self, y: Tensor, hats: Tensor) -> Tensor:
        """Describe the latents; quality shows in their gains, so the hats are not used."""
        h, w = y.shape[-2:]
        y = F.pad(y, (0, -w % HYPER_STRIDE, 0, -h % HYPER_STRIDE), mode="replicate")
        return self.layers(y) - (self._prior[0].medians / ONE).view(-1, 1, 1)


class DenseHyperSynthesis(nn.Module):
    """h_s, exact: symbols of hyper-latents (N, Z, h, w) to features (N, C, 4h, 4w)."""

    def __init__(self, hidden: int, features: int, prior: FactorisedPrior) -> None:
        super().__init__()
        hyper = len(prior.medians)
        self.first = DoublingConv(hyper, hyper, 5)
        self.second = DoublingConv(hyper, hidden, 5)
        self.last = DenseConv(hidden, features, 3)
        self._prior = (prior,)  # in a tuple it is no module of ours: its state is the codec's

    def forward(self, z: Tensor) -> Tensor:
        """Expand symbols; ``z`` in activation units (float form: plain; integer form: times 256)."""
        medians = self._prior[0].medians
        medians = medians if z.dtype == torch.float64 else medians / ONE
        return self.last(self.second(self.first(saturate(z + medians.view(-1, 1, 1))).relu()).relu())

    def links(self, readers: tuple[tuple[FixedConv, int], ...]) -> list[Link]:
        """What can be scaled inside (see `equalise`), up to the layers that read the features."""
        return [
            Link(self.first, ((self.second, 0),)),
            Link(self.second, ((self.last, 0),)),
            Link(self.last, readers),
        ]
