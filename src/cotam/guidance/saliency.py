"""Guidance by the spectral residual: a cheap saliency map without any network.

Source: X. Hou and L. Zhang, "Saliency Detection: A Spectral Residual Approach", CVPR 2007. Log amplitude spectra of
photographs are much alike and smooth; what stands out of the smooth spectrum stands out in the picture. The constants
are the paper's: 64 pixels, a 3 x 3 mean over the log spectrum, and a Gaussian over the squared result.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
"""Pixels of the longer side at which the picture is looked at."""
MEAN_WIDTH = 3
"""Bins of the mean that is taken off the log amplitude."""
BLUR = 2.5
"""Standard deviation of the final Gaussian, in pixels of the small picture."""
NOTHING = 1e-8
"""Added to amplitudes, which may be 0."""


class SaliencyGuidance:
    """Importance by spectral residual (Hou and Zhang, 2007)."""

    name = "saliency"

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`; the longer side has 64 cells. A picture of one grey value gives a constant."""
        height, width = pixels.shape[:2]
        scale = SIDE / max(height, width)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small = Image.fromarray(pixels).convert("L").resize(size, Image.Resampling.BOX)
        grey = np.asarray(small, dtype=np.float64) / 255
        if np.ptp(grey) == 0:
            return np.zeros(grey.shape, np.float32)
        return spectral_residual(grey).astype(np.float32)


def spectral_residual(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the saliency of a small grey picture, float64 (rows, columns), not negative."""
    spectrum = np.fft.fft2(grey)
    amplitude = np.log(np.abs(spectrum) + NOTHING)
    residual = amplitude - _filtered(amplitude, np.full(MEAN_WIDTH, 1 / MEAN_WIDTH))
    saliency = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    reach = np.arange(-round(3 * BLUR), round(3 * BLUR) + 1)
    gaussian = np.exp(-0.5 * (reach / BLUR) ** 2)
    return _filtered(saliency, gaussian / gaussian.sum())


def _filtered(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filter rows and columns with a kernel of odd length; the edge is repeated beyond the picture."""
    padded = np.pad(values, len(kernel) // 2, mode="edge")
    for axis in (0, 1):
        padded = np.apply_along_axis(np.convolve, axis, padded, kernel, mode="valid")
    return padded
