"""Formats that Pillow writes."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, features

from cotam.errors import CotamError
from cotam.evaluation.rivals.rival import Coded, Pixels

LIBRARIES = {"jpeg": "jpg", "png": "zlib"}
"""Pillow's names of the libraries behind formats, where they are not the formats' own."""


@dataclass(frozen=True)
class PillowFormat:
    """A rival that is one of Pillow's formats with fixed options."""

    name: str
    format: str
    options: Mapping[str, Any]
    qualities: tuple[float, ...]

    @property
    def settings(self) -> str:
        """The options, and the version of the library behind the format."""
        library = features.version(LIBRARIES.get(self.name, self.name))
        named = ", ".join(f"{key}={value}" for key, value in self.options.items())
        return f"Pillow {self.format} {named} (library {library})"

    def encoder(self, pixels: Pixels) -> Callable[[float], Coded]:
        """Code the picture at an integer quality."""
        image = Image.fromarray(pixels)

        def encode(quality: float) -> Coded:
            buffer = io.BytesIO()
            image.save(buffer, self.format, quality=round(quality), **self.options)
            return Coded(buffer.getvalue())

        return encode

    def decode(self, data: bytes) -> Pixels:
        """Read the file with Pillow."""
        return np.asarray(Image.open(io.BytesIO(data), formats=[self.format]).convert("RGB"))


def pillow_format(
    name: str, image_format: str, options: Mapping[str, Any], qualities: tuple[float, ...]
) -> PillowFormat:
    """Make the rival.

    Raises:
        CotamError: this Pillow was built without the format.
    """
    Image.init()
    if image_format not in Image.SAVE:
        raise CotamError(f"codec {name}: this build of Pillow cannot write {image_format}; leave it out")
    return PillowFormat(name, image_format, options, qualities)
