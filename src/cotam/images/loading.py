"""Read a picture from a path, bytes, a stream, a Pillow image or an array, as upright 8-bit RGB."""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cotam.errors import ImageError
from cotam.images.arrays import check_size, pixels_from_array
from cotam.images.metadata import orientation, read_metadata, turn_upright, upright
from cotam.images.modes import is_grey, to_rgb

ImageSource: TypeAlias = str | Path | bytes | BinaryIO | Image.Image | NDArray[Any]

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_DECODING_ERRORS = (  # what Pillow's readers raise on damaged files
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)
_OPENING = threading.Lock()  # warning filters belong to the whole process


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """A picture as cotam takes it."""

    pixels: NDArray[np.uint8]
    """(H, W, 3), RGB, upright, transparency composited on white."""
    grey: bool
    """Whether the source had no colour; the three channels are equal then."""
    exif: bytes | None = None
    """EXIF with the orientation set to 1, as Pillow's `exif` option takes it."""
    icc: bytes | None = None
    """ICC profile, if it fits the pixels (RGB, or grey for a grey picture); they are not converted by it."""
    xmp: bytes | None = None
    """XMP packet with the orientation set to 1."""

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])


def load_image(source: ImageSource) -> LoadedImage:
    """Load a picture.

    Args:
        source: a path, an encoded file's bytes or open stream, a Pillow image (left as it is), or an array
            as `cotam.images.arrays.pixels_from_array` takes it. Of an animation the first frame is loaded;
            of a stream, all from its current position.

    Returns:
        The picture, upright, 8 bits per sample, with its metadata.

    Raises:
        ImageError: naming the file, if there is none or it is empty, a folder, no picture, damaged or larger
            than `MAX_PIXELS`.
        ValueError: if an array has another type, shape or range.
        TypeError: if `source` is none of the above.
    """
    if isinstance(source, np.ndarray):
        return LoadedImage(*pixels_from_array(source))
    if isinstance(source, Image.Image):
        return _from_pillow(source, "image")
    if isinstance(source, str | Path):
        return _from_file(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), "bytes")
    if hasattr(source, "read"):
        return _from_stream(source)
    raise TypeError(
        f"cannot load a picture from {type(source).__name__}; right is a path, bytes, a binary stream, "
        "a Pillow image or a NumPy array"
    )


def _from_file(path: Path) -> LoadedImage:
    if path.is_dir():
        raise ImageError(f"{path}: is a folder; a picture file is needed")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ImageError(f"{path}: cannot be read ({_reason(error)})") from error
    return _from_bytes(data, str(path))


def _from_stream(stream: BinaryIO) -> LoadedImage:
    name = getattr(stream, "name", None)
    name = name if isinstance(name, str) else "stream"
    try:
        data = stream.read()
    except OSError as error:
        raise ImageError(f"{name}: cannot be read ({_reason(error)})") from error
    if not isinstance(data, bytes):
        raise TypeError(f"{name}: is a stream of text; open it in binary mode")
    return _from_bytes(data, name)


def _from_bytes(data: bytes, name: str) -> LoadedImage:
    if not data:
        raise ImageError(f"{name}: is empty; a picture file is needed")
    with _opened(data, name) as image:
        return _from_pillow(image, name)


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Image.Image]:
    """Read the header only, and check the size that it states."""
    try:
        with _OPENING, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
    except _BOMBS as error:
        raise ImageError(f"{name}: too large ({_reason(error)})") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{name}: is not a picture in a format that Pillow can read") from error
    except _DECODING_ERRORS as error:
        raise ImageError(f"{name}: has a damaged header ({_reason(error)})") from error
    with image:
        yield image


def _from_pillow(image: Image.Image, name: str) -> LoadedImage:
    check_size(*image.size, name)
    try:
        image.load()
        metadata = read_metadata(image)
        turned = turn_upright(to_rgb(image), orientation(metadata))
    except _BOMBS as error:
        raise ImageError(f"{name}: too large ({_reason(error)})") from error
    except _DECODING_ERRORS as error:
        raise ImageError(f"{name}: is truncated or damaged ({_reason(error)})") from error
    exif, icc, xmp = upright(metadata)
    grey = is_grey(image)
    return LoadedImage(np.array(turned), grey, exif, _fitting_profile(icc, grey), xmp)


def _fitting_profile(icc: bytes | None, grey: bool) -> bytes | None:
    """Drop a profile of other colours than the pixels have now, such as CMYK (ICC.1:2022, section 7.2.6)."""
    colours = b"GRAY" if grey else b"RGB "
    return icc if icc is not None and icc[16:20] == colours else None


def _reason(error: Exception | Warning) -> str:
    """Return an error's text as part of a one-line message."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
