"""From pictures to what a tower takes: its input size, and the constants to normalise with. No torch here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cotam.errors import ModelError

Colour = tuple[float, float, float]
"""A number for each of R, G and B."""

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)

WHITE: Final = 255
"""Largest sample of a picture."""


@dataclass(frozen=True)
class Preprocessing:
    """How a tower wants its pictures."""

    size: tuple[int, int]
    """Height and width in pixels."""
    mean: Colour
    """Mean of R, G and B, 0..1, subtracted first."""
    std: Colour
    """Standard deviation of R, G and B, divided by then."""

    def resized(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Squash pictures to `size` with antialiased bicubic interpolation: uint8 (N, height, width, 3).

        Raises:
            ValueError: there is none, or one of another type or shape.
        """
        if not len(pictures):
            raise ValueError("there is no picture to preprocess")
        return np.stack([self._resized(picture) for picture in pictures])

    def _resized(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Squash to `size` with Pillow's antialiased bicubic: integer arithmetic, the same everywhere."""
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise ValueError(f"a picture must be uint8 (H, W, 3), this one is {pixels.dtype} {pixels.shape}")
        height, width = self.size
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.array(image.resize((width, height), Image.Resampling.BICUBIC))


def read_preprocessing(folder: Path, image_size: Any, mean: Colour, std: Colour) -> Preprocessing:
    """Read a checkpoint's constants, or take its family's where it has no file of them.

    Args:
        folder: holds `preprocessor_config.json`, or `processor_config.json` with an `image_processor` in it.
        image_size: what the vision configuration says of it, which counts if the files state no fixed size.
        mean: of the family, where the checkpoint does not say.
        std: likewise.

    Raises:
        ModelError: a file is damaged, or what it states is impossible.
    """
    stated = _stated(folder)
    try:
        size = _fixed_size(stated) or _pair(image_size)
        mean, std = _colour(stated.get("image_mean", mean)), _colour(stated.get("image_std", std))
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: impossible preprocessing constants ({error})") from error
    if min(size) < 1 or min(std) <= 0:
        raise ModelError(f"{folder}: impossible preprocessing constants (size {size}, std {std})")
    return Preprocessing(size, mean, std)


def _stated(folder: Path) -> dict[str, Any]:
    for name, key in (("preprocessor_config.json", None), ("processor_config.json", "image_processor")):
        path = folder / name
        if not path.is_file():
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            stated = content if key is None else content.get(key, {})
            return dict(stated)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: damaged, a JSON object is needed ({error})") from error
    return {}


def _fixed_size(stated: dict[str, Any]) -> tuple[int, int] | None:
    """The size that every picture ends up with; None if that depends on the picture."""
    cropped = stated.get("do_center_crop", "crop_size" in stated)
    size = stated.get("crop_size" if cropped else "size")
    if isinstance(size, dict) and not {"height", "width"} <= size.keys():
        return None
    return None if size is None else _pair(size)


def _pair(size: Any) -> tuple[int, int]:
    """Height and width, of one number, of two, or of a mapping."""
    if isinstance(size, dict):
        size = size["height"], size["width"]
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)


def _colour(values: Any) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
