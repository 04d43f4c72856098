"""Pictures of requests: what they are by their first bytes, how large by their headers, and their pixels."""

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Final

from PIL import Image

from cotam.bitstream import read_stream
from cotam.bitstream.limits import MAGIC
from cotam.checkpoint.registry import model_of_stream
from cotam.errors import BitstreamError, ImageError, ModelError
from cotam.images import load_image
from cotam.serving.errors import ApiError, invalid

COTAM: Final = "COTAM"
_AVIF_BRANDS: Final = (b"avif", b"avis")
_DATA_URL: Final = re.compile(
    r"data:(?P<mime>[^;,]{0,100})(?P<options>(?:;[^;,]{1,100}){0,8}),", re.IGNORECASE
)
_ACCEPTED: Final = "cotam, PNG, JPEG, WebP or AVIF"
_HEADER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
"""What Pillow raises on damaged headers; its bombs are among them or below."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a request, not decoded yet."""

    data: bytes
    """The encoded file."""
    format: str
    """``COTAM``, or Pillow's name: ``PNG``, ``JPEG``, ``WEBP``, ``AVIF``."""
    width: int
    """Pixels, as the header states."""
    height: int
    """Pixels, as the header states."""
    where: str
    """Its place in the request, such as ``messages[0].content[1]``."""

    @property
    def is_stream(self) -> bool:
        """Whether it is a ``.cotam`` stream."""
        return self.format == COTAM


def format_of(data: bytes) -> str | None:
    """Tell a picture's format by its first bytes; what its MIME type says does not count."""
    if data.startswith(MAGIC):
        return COTAM
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS else None


def read_data_url(url: str, where: str) -> bytes:
    """Return what a ``data:image/...;base64,...`` URL holds.

    Raises:
        ApiError: it is none, or is cut off.
    """
    match = _DATA_URL.match(url)
    if match is None:
        raise invalid("is no data URL; right is data:image/x-cotam;base64,...", param=where)
    if not match["mime"].lower().startswith("image/"):
        raise invalid(f"is of type {match['mime']!r}; right is image/...", param=where, code="bad_media_type")
    if ";base64" not in match["options"].lower():
        raise invalid("the data URL is not in base64", param=where)
    try:
        return base64.b64decode(url[match.end() :].rstrip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(
            f"the base64 is damaged or cut off ({error})", param=where, code="bad_base64"
        ) from error


def inspect(data: bytes, where: str) -> Picture:
    """Look at a picture's header; no pixels are decoded.

    Raises:
        ApiError: 400 for what is no picture, or is damaged.
    """
    found = format_of(data)
    if found is None:
        raise invalid(f"is no picture of {_ACCEPTED}", param=where, code="bad_image")
    width, height = _stream_size(data, where) if found == COTAM else _file_size(data, found, where)
    return Picture(data, found, width, height, where)


def _stream_size(data: bytes, where: str) -> tuple[int, int]:
    try:
        stream = read_stream(data)
        header = stream.header
        model_of_stream(header.model_id)
    except BitstreamError as error:
        raise invalid(f"is a bad cotam stream: {error}", param=where, code="bad_stream") from error
    except ModelError as error:
        raise invalid(str(error), param=where, code="unknown_codec") from error
    if len(stream.frames) > 1:
        frames = f"is a sequence of {len(stream.frames)} frames"
        raise invalid(f"{frames}; send each as a picture of its own", param=where, code="sequence")
    return header.width, header.height


def _file_size(data: bytes, found: str, where: str) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=[found]) as image:
            return image.size
    except Image.DecompressionBombError as error:
        raise too_large(str(error), where) from error
    except _HEADER_ERRORS as error:
        raise invalid(f"is a damaged {found} picture", param=where, code="bad_image") from error


def too_large(message: str, where: str | None) -> ApiError:
    """The error about too many pixels."""
    return invalid(message, param=where, code="image_too_large")


def decode(picture: Picture) -> Image.Image:
    """Decode a picture to upright RGB.

    Raises:
        ApiError: 400 that names the part, for damaged pictures and streams.
    """
    try:
        if picture.is_stream:
            from cotam.codec.loading import codec_for_stream

            return codec_for_stream(picture.data).decode(picture.data).convert("RGB")
        with Image.open(io.BytesIO(picture.data), formats=[picture.format]) as image:
            return Image.fromarray(load_image(image).pixels)
    except BitstreamError as error:
        raise invalid(f"is a bad cotam stream: {error}", param=picture.where, code="bad_stream") from error
    except (ImageError, ModelError, *_HEADER_ERRORS) as error:
        raise invalid(
            f"is a damaged {picture.format} picture ({error})", param=picture.where, code="bad_image"
        ) from error


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Write a picture in one of Pillow's formats."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def data_url(data: bytes, image_format: str) -> str:
    """Put a picture into a data URL."""
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(data).decode('ascii')}"
