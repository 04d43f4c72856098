"""The transform-neck of Bridge (arXiv:2407.19651): from latents into the middle of a vision tower, without pixels."""

from torch import Tensor, nn

from cotam.adapters.config import TransformNeckConfig
from cotam.adapters.latent_tokens import LatentTokens


class TransformNeck(nn.Module):
    """Latents at the patches to the tokens that a tower's block `config.block` takes.

    Linear, leading tokens and positions, layer norm, one transformer block, nothing after it, as in the paper: with
    its sizes 13.19 M parameters.
    """

    def __init__(self, config: TransformNeckConfig | None = None) -> None:
        super().__init__()
        self.config = config or TransformNeckConfig()
        self.tokens = LatentTokens(self.config, self.config.prefix)

    def forward(
        self,
        latents: Tensor,
        grid: tuple[int, int] | None = None,
        *,
        quality: Tensor | None = None,
        steps: Tensor | None = None,
    ) -> Tensor:
        """Make the tokens (N, prefix + P, D); for the arguments see `LatentTokens.forward`."""
        tokens: Tensor = self.tokens(latents, grid, quality=quality, steps=steps)
        return tokens
