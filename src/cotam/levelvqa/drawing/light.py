"""Light and camera: gain, falloff across the picture and the sensor's noise."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cotam.levelvqa.drawing.circle import cosine, sine
from cotam.levelvqa.scene_graph import Light
from cotam.levelvqa.stream import Stream

_SHIFT = 12
"""Binary digits after the point in gains and noise."""


def lit(pixels: NDArray[np.uint8], light: Light, stream: Stream) -> NDArray[np.uint8]:
    """Pixels (n, n, 3) as the camera sees them.

    Args:
        pixels: the scene in neutral light.
        light: gain, falloff and noise.
        stream: of the noise.
    """
    gain = _gain(len(pixels), light)[..., None]
    seen = pixels * gain
    if light.noise:
        seen += _noise_table(light.noise)[stream.bytes_array(pixels.shape)]
    seen += 1 << (_SHIFT - 1)
    seen >>= _SHIFT
    return np.clip(seen, 0, 255, out=seen).astype(np.uint8)


def _gain(size: int, light: Light) -> NDArray[np.int32]:
    """Gain of each pixel (size, size), in 2**-12: full on the bright side, less on the dark one."""
    middle = 2 * np.arange(size, dtype=np.int64) - size + 1
    c, s = cosine(light.direction), -sine(light.direction)
    along = middle[None, :] * c + middle[:, None] * s
    reach = (abs(c) + abs(s)) * size
    lost = light.falloff * (reach + along) // 2
    full = light.brightness << _SHIFT
    return (full * (100 * reach - lost) // (10_000 * reach)).astype(np.int32)


@lru_cache(maxsize=64)
def _noise_table(deviation: int) -> NDArray[np.int32]:
    """Normal noise, in 2**-12 of a step, for each of 256 equally likely bytes."""
    normal = NormalDist(0, deviation)
    parts = (round(256 * normal.inv_cdf((byte + 0.5) / 256)) for byte in range(256))
    return np.array([part << (_SHIFT - 8) for part in parts], dtype=np.int32)
