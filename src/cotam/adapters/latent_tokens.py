"""From latents at patch positions to tokens: what the latent adapter and the transform-neck have in common.

Linear projection, learned leading tokens ([CLS] and, for a tower that has them, registers), position embeddings,
layer norm, one transformer block (Bridge, arXiv:2407.19651; CoTAM, arXiv:2509.24258). Both papers train for one
codec rate at a time; one network for every rate is ours, hence the conditioning.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cotam.adapters.config import TokensConfig
from cotam.adapters.transformer_block import TransformerBlock


class LatentTokens(nn.Module):
    """Latents (N, P, C) to tokens (N, prefix + P, D), the learned leading tokens first.

    Args:
        config: sizes.
        prefix: number of leading tokens.
    """

    def __init__(self, config: TokensConfig, prefix: int) -> None:
        super().__init__()
        self.config, self.prefix = config, prefix
        width, (rows, columns) = config.width, config.grid
        self.project = nn.Linear(config.latents, width)
        self.leading = nn.Parameter(torch.randn(prefix, width) * width**-0.5)
        self.positions = nn.Parameter(torch.randn(prefix + rows * columns, width) * width**-0.5)
        self.norm = nn.LayerNorm(width)
        self.block = TransformerBlock(width, config.head_count, config.mlp_ratio)
        self.quality = _quality_network(width) if config.conditioning == "embedding" else None

    def forward(
        self,
        latents: Tensor,
        grid: tuple[int, int] | None = None,
        *,
        quality: Tensor | None = None,
        steps: Tensor | None = None,
    ) -> Tensor:
        """Make tokens.

        Args:
            latents: (N, P, C), row by row, as `sample_latents` gives them.
            grid: rows and columns of the patches; by default the configuration's.
            quality: with ``conditioning="embedding"``: quality of each patch, or of each picture, 0..1, float (N, P) or
                (N, 1).
            steps: with ``conditioning="gain"``: quantisation step of each latent, on the latents' scale, broadcastable
                to (N, P, C); 0, as sampling gives it for padding, makes the latent 0.

        Returns:
            (N, prefix + P, D).

        Raises:
            ValueError: a tensor of another shape, or without what the conditioning needs.
        """
        rows, columns = grid or self.config.grid
        if latents.ndim != 3 or latents.shape[1:] != (rows * columns, self.config.latents):
            raise ValueError(
                f"latents must be (N, {rows * columns}, {self.config.latents}) for {rows} x {columns} patches, "
                f"not {tuple(latents.shape)}"
            )
        tokens = self.project(self._normalised(latents, steps))
        if self.quality is not None:
            tokens = tokens + self._embedded_quality(latents, quality)
        leading = self.leading.expand(len(tokens), -1, -1)
        tokens = torch.cat([leading.to(tokens.dtype), tokens], 1) + self._positions(rows, columns)
        return self.block(self.norm(tokens))

    def _normalised(self, latents: Tensor, steps: Tensor | None) -> Tensor:
        if self.config.conditioning != "gain":
            return latents
        if steps is None:
            raise ValueError("conditioning='gain' needs steps, the quantisation step of each latent")
        known = steps > 0
        return torch.where(known, latents / torch.where(known, steps, 1), 0)

    def _embedded_quality(self, latents: Tensor, quality: Tensor | None) -> Tensor:
        assert self.quality is not None
        if quality is None:
            raise ValueError("conditioning='embedding' needs quality, 0..1 for each patch or picture")
        if quality.shape not in ((len(latents), latents.shape[1]), (len(latents), 1)):
            raise ValueError(
                f"quality must be ({len(latents)}, {latents.shape[1]}) or ({len(latents)}, 1), "
                f"not {tuple(quality.shape)}"
            )
        embedded: Tensor = self.quality(quality[..., None].to(latents.dtype))
        return embedded

    def _positions(self, rows: int, columns: int) -> Tensor:
        """Position embeddings (prefix + P, D) of a grid, bicubic where it is not the configuration's."""
        if (rows, columns) == self.config.grid:
            return self.positions
        leading, patches = self.positions[: self.prefix], self.positions[self.prefix :]
        field = patches.T.reshape(1, -1, *self.config.grid)
        resized = F.interpolate(field, (rows, columns), mode="bicubic", align_corners=False)
        return torch.cat([leading, resized[0].flatten(1).T])


def _quality_network(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(1, width), nn.GELU(), nn.Linear(width, width))
