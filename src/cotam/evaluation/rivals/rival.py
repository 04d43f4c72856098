"""What every rival can do: make a whole file of a picture at a quality, and read it back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""RGB, uint8 (H, W, 3)."""


@dataclass(frozen=True)
class Coded:
    """A coded picture."""

    data: bytes
    """The whole file; every byte counts."""
    ideal_bits: float | None = None
    """Bits that the entropy model itself asks for, where the codec tells."""


class Rival(Protocol):
    """A codec under comparison."""

    @property
    def name(self) -> str:
        """Short name, as on the command line."""

    @property
    def settings(self) -> str:
        """What else fixes the result, for the report."""

    @property
    def qualities(self) -> tuple[float, ...]:
        """Grid of qualities, rising, that covers 0.05 to 2 bits per pixel as far as the codec can."""

    def encoder(self, pixels: Pixels) -> Callable[[float], Coded]:
        """Do what does not depend on the quality; the result codes the picture at a quality."""

    def decode(self, data: bytes) -> Pixels:
        """Read a file that this rival made."""
