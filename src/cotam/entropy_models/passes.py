"""How a context model hands over what is coded next: blocks of latents with their means and table indexes."""

from typing import NamedTuple

from torch import Tensor

from cotam.entropy_models.structure import Where


class PassBlock(NamedTuple):
    """Some channels at a regular grid of positions, which a pass codes."""

    where: Where
    """Its place in the latents."""
    means: Tensor
    """(N, C, h, w), in activation units; not bounded to 16 bits."""
    indexes: Tensor
    """Real table indexes, of the same shape and unit."""
