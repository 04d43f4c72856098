"""The latent adapter of CoTAM (arXiv:2509.24258): what the latents know and the decoded picture no longer shows."""

from torch import Tensor, nn

from cotam.adapters.config import LatentAdapterConfig
from cotam.adapters.latent_tokens import LatentTokens


class LatentAdapter(nn.Module):
    """Latents at the patches to a correction of the tower's input tokens, to be added before block 0.

    Linear, class token and positions, layer norm, one transformer block; the class token is dropped at the end. The
    paper has the bare block, whose output is far from zero at the start of training. Ours ends in a linear layer that
    starts as zero, weights and bias: an untrained adapter changes nothing, bit for bit, and the first steps are a
    linear regression on what the block gives.
    """

    def __init__(self, config: LatentAdapterConfig | None = None) -> None:
        super().__init__()
        self.config = config or LatentAdapterConfig()
        self.tokens = LatentTokens(self.config, prefix=1)
        self.out = nn.Linear(self.config.width, self.config.width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self,
        latents: Tensor,
        grid: tuple[int, int] | None = None,
        *,
        quality: Tensor | None = None,
        steps: Tensor | None = None,
    ) -> Tensor:
        """Make the correction (N, P, D) of the patches' tokens; for the arguments see `LatentTokens.forward`.

        Every tile is an item of its own: flatten pictures and tiles into N.
        """
        tokens = self.tokens(latents, grid, quality=quality, steps=steps)
        return self.out(tokens[:, 1:])
