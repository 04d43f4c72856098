"""Multi-scale structural similarity.

Z. Wang, E. P. Simoncelli, A. C. Bovik: Multiscale structural similarity for image quality assessment, 2003.
Details that the paper leaves open follow pytorch-msssim, whose figures the compression literature reports.
"""

import numpy as np
from numpy.typing import NDArray

from cotam.metrics.psnr import PEAK, check_pair

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents from the finest scale to the coarsest (Wang 2003, section 3.2)."""
TAPS, SIGMA = 11, 1.5
C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2

Plane = NDArray[np.float64]


def ms_ssim(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the MS-SSIM of two pictures, the mean of the three channels' values.

    Windows of 11 x 11 lie wholly inside the picture, so five scales need 161 pixels on the shorter side.
    Smaller pictures use fewer scales (four from 81, three from 41, two from 21), with the finest scales'
    weights renormalised to a sum of 1; below 11 pixels the window shrinks to the largest odd one that fits.

    Args:
        a: a picture, uint8 (H, W, 3).
        b: another one of the same size.

    Returns:
        0..1, larger is closer; 1 if the pictures are equal.

    Raises:
        ValueError: if type or shape is another one.
    """
    check_pair(a, b)
    weights = _weights(min(a.shape[:2]))
    planes = zip(
        np.moveaxis(a.astype(np.float64), 2, 0), np.moveaxis(b.astype(np.float64), 2, 0), strict=True
    )
    return float(np.mean([_of_planes(x, y, weights) for x, y in planes]))


def _weights(side: int) -> tuple[float, ...]:
    scales = len(SCALE_WEIGHTS)
    while scales > 1 and side <= (TAPS - 1) * 2 ** (scales - 1):
        scales -= 1
    if scales == len(SCALE_WEIGHTS):
        return SCALE_WEIGHTS
    used = SCALE_WEIGHTS[:scales]
    return tuple(weight / sum(used) for weight in used)


def _of_planes(x: Plane, y: Plane, weights: tuple[float, ...]) -> float:
    product = 1.0
    for weight in weights[:-1]:
        product *= max(_similarity(x, y)[1], 0.0) ** weight
        x, y = _halved(x), _halved(y)
    return float(product * max(_similarity(x, y)[0], 0.0) ** weights[-1])


def _similarity(x: Plane, y: Plane) -> tuple[float, float]:
    """Return the means of SSIM and of its contrast-structure part (Wang 2003, equations 6 and 7)."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    energy, cross = mean_x * mean_x + mean_y * mean_y, mean_x * mean_y
    variances = _blurred(x * x + y * y) - energy
    covariance = _blurred(x * y) - cross
    contrast = (2 * covariance + C2) / (variances + C2)
    luminance = (2 * cross + C1) / (energy + C1)
    return float(np.mean(luminance * contrast)), float(np.mean(contrast))


def _window(length: int) -> Plane:
    taps = min(TAPS, length - 1 + length % 2)
    offsets = np.arange(taps) - taps // 2
    weights = np.exp(-(offsets**2) / (2 * SIGMA**2))
    return np.asarray(weights / weights.sum())


def _blurred(plane: Plane) -> Plane:
    """Filter rows and columns with a Gaussian window, keeping only where the window fits."""
    for axis in (0, 1):
        window = _window(plane.shape[axis])
        kept = plane.shape[axis] - len(window) + 1
        shifted = (plane[i : i + kept] if axis == 0 else plane[:, i : i + kept] for i in range(len(window)))
        plane = np.asarray(sum(weight * part for weight, part in zip(window, shifted, strict=True)))
    return plane


def _halved(plane: Plane) -> Plane:
    """Average blocks of 2 x 2; an odd side gets a line of zeros in front, as in pytorch-msssim."""
    height, width = plane.shape
    even = np.pad(plane, ((height % 2, 0), (width % 2, 0)))
    return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
