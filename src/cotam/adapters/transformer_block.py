"""The transformer block of a vision tower, as both papers use one."""

import torch.nn.functional as F
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    """Attention, then MLP, each on normalised tokens and added to its input (pre-norm); (N, T, D) to the same.

    Args:
        width: channels D.
        heads: attention heads, a divisor of the width.
        mlp_ratio: width inside the MLP, in D.
    """

    def __init__(self, width: int, heads: int, mlp_ratio: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, mlp_ratio * width)
        self.mlp_out = nn.Linear(mlp_ratio * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Let every token see every other one, then work on each by itself."""
        tokens = tokens + self._attend(self.attention_norm(tokens))
        return tokens + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(tokens))))

    def _attend(self, tokens: Tensor) -> Tensor:
        split = self.queries_keys_values(tokens).unflatten(-1, (3, self.heads, -1))
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        return self.attention_out(mixed.transpose(1, 2).flatten(2))
