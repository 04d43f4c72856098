"""Guidance that knows nothing of the picture: what every other source has to beat."""

import zlib

import numpy as np
from numpy.typing import NDArray

from cotam.guidance.protocol import Guidance

FIELD = 32
"""Rows and columns of a random map."""
BLOB = 0.08
"""Size of its blobs: standard deviation of the smoothing kernel, as a share of the picture's side."""


class UniformGuidance:
    """Every part of the picture is as important as any other: all levels are 0, at one byte."""

    name = "uniform"

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`: one cell."""
        return np.zeros((1, 1), np.float32)


class RandomGuidance:
    """Smooth random blobs: a control with levels as a tower's map has them, but in the wrong places.

    By itself the field is Gaussian: at k = 0.75 about a quarter of the cells is raised and a quarter lowered. With
    `like`, the values are those of that source's map, put where the random field has the same rank, so that both have
    the same histogram.
    """

    def __init__(self, seed: int = 0, like: Guidance | None = None) -> None:
        """Choose the blobs.

        Args:
            seed: not negative. The blobs depend on it and on the picture, so every picture has its own.
            like: the source whose distribution of importance is borrowed.

        Raises:
            ValueError: for a negative seed.
        """
        if seed < 0:
            raise ValueError(f"seed must not be negative, it is {seed}")
        self.seed = seed
        self.like = like

    @property
    def name(self) -> str:
        """The seed, and whose distribution it is."""
        return f"random:seed={self.seed}" + (f",like={self.like.name}" if self.like else "")

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`: the same for the same picture and seed."""
        rng = np.random.default_rng((self.seed, zlib.crc32(pixels.tobytes())))
        if self.like is None:
            return smooth_field(rng, FIELD, FIELD)
        borrowed = self.like.importance(pixels)
        field = smooth_field(rng, *borrowed.shape)
        placed = np.empty_like(borrowed)
        placed.flat[np.argsort(field, axis=None, kind="stable")] = np.sort(borrowed, axis=None)
        return placed


def smooth_field(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Draw Gaussian noise, smoothed by a Gaussian; cut from a periodic field of twice the size.

    Returns:
        float32 (rows, columns), standard deviation about 1.
    """
    shape = (2 * rows, 2 * columns)
    vertical, horizontal = (np.exp(-2 * (np.pi * BLOB * np.fft.fftfreq(n) * n / 2) ** 2) for n in shape)
    kernel = np.outer(vertical, horizontal)
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * kernel).real
    return (field[:rows, :columns] / np.sqrt(np.mean(kernel**2))).astype(np.float32)
