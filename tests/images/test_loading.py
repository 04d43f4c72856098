import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cotam.errors import ImageError
from cotam.images import MAX_PIXELS, load_image

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def _encoded(image_format="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, image_format)
    return buffer.getvalue()


def _png_that_claims(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def _outcome(data):
    try:
        pixels = load_image(data).pixels
    except ImageError as error:
        return str(error)
    return "a picture" if pixels.dtype == np.uint8 and pixels.ndim == 3 else "no picture\n"


def test_every_kind_of_source_gives_the_same_picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(_encoded())
    with path.open("rb") as stream, Image.open(path) as image:
        for source in (path, str(path), path.read_bytes(), io.BytesIO(_encoded()), stream, image, PIXELS):
            np.testing.assert_array_equal(load_image(source).pixels, PIXELS)


def test_a_stream_that_cannot_seek_is_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.rest = io.BytesIO(_encoded())

        def readable(self):
            return True

        def readinto(self, buffer):
            return self.rest.readinto(buffer)

    np.testing.assert_array_equal(load_image(Pipe()).pixels, PIXELS)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nothing\.png: no such file"):
        load_image(tmp_path / "nothing.png")


def test_a_folder_is_named(tmp_path):
    with pytest.raises(ImageError, match=f"{tmp_path.name}: is a folder"):
        load_image(tmp_path)


def test_an_empty_file_is_named(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(ImageError, match=r"empty\.png: is empty"):
        load_image(path)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    path = tmp_path / "letter.png"
    path.write_text("Dear Sir or Madam")
    with pytest.raises(ImageError, match=r"letter\.png: is not a picture"):
        load_image(path)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(ImageError, match=r"file.picture\.png: cannot be read"):
        load_image(path / "picture.png")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_a_truncated_file_is_named(tmp_path, image_format):
    data = _encoded(image_format)
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut: (is truncated|has a damaged|is not a picture)"):
        load_image(path)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF", "PPM", "TGA", "ICO"])
def test_damaged_files_give_a_picture_or_an_image_error(image_format):
    rng, data = np.random.default_rng(1), np.frombuffer(_encoded(image_format), np.uint8)
    for _ in range(60):
        damaged = data.copy()
        places = rng.integers(0, min(len(data), 400), 4)
        damaged[places] = rng.integers(0, 256, 4)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own remarks on damaged metadata
            outcome = _outcome(damaged.tobytes())
        assert outcome == "a picture" or "\n" not in outcome


@pytest.mark.parametrize(
    ("width", "height"), [(8192, 8193), (10_000, 10_000), (12_000, 12_000), (60_000, 60_000)]
)
def test_a_picture_of_too_many_pixels_is_refused_from_its_header(width, height):
    """The sizes lie below Pillow's warning, above it, and above its error; nothing is printed."""
    assert width * height > MAX_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="bytes: too large"):
            load_image(_png_that_claims(width, height))


def test_a_lower_limit_of_pillow_is_respected(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match="too large"):
        load_image(_encoded())


def test_a_pillow_image_without_pixels_is_refused():
    with pytest.raises(ImageError, match="has no pixels"):
        load_image(Image.new("RGB", (0, 5)))


def test_other_types_are_refused_with_what_would_be_right():
    for source in (None, 5, [[1, 2]]):
        with pytest.raises(TypeError, match="a path, bytes, a binary stream"):
            load_image(source)


def test_a_text_stream_is_refused():
    with pytest.raises(TypeError, match="binary mode"):
        load_image(io.StringIO("text"))


def test_a_path_with_a_nul_is_an_image_error():
    with pytest.raises(ImageError, match="cannot be read"):
        load_image(Path("a\0b"))
