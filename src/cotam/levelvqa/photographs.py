"""Photographs that lie, blurred, under the backgrounds of scenes."""

from pathlib import Path

from PIL import Image

from cotam.errors import DatasetError
from cotam.images import find_images, load_image, to_pil

LONGEST_SIDE = 320
"""Pixels that photographs are reduced to; backgrounds show less detail than that."""


def load_photographs(folder: str | Path) -> list[Image.Image]:
    """Read all pictures of a folder and of those below it, in the order of their paths, reduced.

    Raises:
        ImageError: there is no such folder, or a picture cannot be read.
        DatasetError: it holds no picture.
    """
    photographs = [_reduced(to_pil(load_image(path).pixels)) for path in find_images(folder)]
    if not photographs:
        raise DatasetError(f"{folder}: holds no picture")
    return photographs


def _reduced(image: Image.Image) -> Image.Image:
    factor = -(-max(image.size) // LONGEST_SIDE)
    return image.reduce(factor) if factor > 1 else image
