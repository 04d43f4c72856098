"""Guidance by a map that the user brings, as a grey picture or an array."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cotam.errors import ImageError
from cotam.images import load_image

_RIGHT = "booleans or finite real numbers of shape (rows, columns)"


class MapGuidance:
    """A user's own importance map of any size, laid over the whole picture; larger or brighter is more important."""

    def __init__(self, source: str | Path | NDArray[Any]) -> None:
        """Load and check the map.

        Args:
            source: path of a grey picture, or an array of booleans or real numbers (rows, columns).

        Raises:
            ImageError: naming the file, if it is no picture or one in colour.
            ValueError: if the array has no cells, another number of dimensions, or values that are not finite.
            TypeError: if it is neither a path nor an array of numbers.
        """
        if isinstance(source, str | Path):
            self.name = f"map:{Path(source).name}"
            self._values = _from_file(Path(source))
        elif isinstance(source, np.ndarray):
            self.name = "map"
            self._values = _from_array(source)
        else:
            raise TypeError(f"a map must be a path or an array of {_RIGHT}, not {type(source).__name__}")

    def importance(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Guidance.importance`: the map as it is, whatever the picture."""
        return self._values


def _from_file(path: Path) -> NDArray[np.float32]:
    pixels = load_image(path).pixels
    if (pixels != pixels[..., :1]).any():
        raise ImageError(
            f"{path}: is a picture in colour; a map is a grey one, brighter where it matters more"
        )
    return pixels[..., 0].astype(np.float32)


def _from_array(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a map of {array.dtype} cannot be used; right is {_RIGHT}")
    if array.ndim != 2 or not array.size:
        raise ValueError(f"a map of shape {array.shape} cannot be used; right is {_RIGHT}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"a map with infinite or missing values cannot be used; right is {_RIGHT}")
    return values
