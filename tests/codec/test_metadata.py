"""Metadata stays in the stream only on request; the orientation is applied in any case."""

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageCms

from cotam.bitstream import read_stream
from cotam.codec import read_info

ARTIST, ORIENTATION = 0x013B, 0x0112
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'


def exif(orientation):
    tags = Image.Exif()
    tags[ARTIST], tags[ORIENTATION] = "somebody", orientation
    return tags.tobytes()


@pytest.fixture
def photo(make_picture):
    """WebP bytes of a picture lying on its side, with all three kinds of metadata."""
    buffer = io.BytesIO()
    lying = Image.fromarray(
        np.rot90(make_picture(20, 30)).copy()
    )  # stored so that it must be turned clockwise
    lying.save(buffer, "WEBP", lossless=True, exif=exif(6), icc_profile=PROFILE, xmp=XMP)
    return buffer.getvalue()


def test_the_orientation_is_applied(random_codec, photo, make_picture):
    upright = random_codec.encode(make_picture(20, 30), 60)
    assert random_codec.encode(photo, 60) == upright
    assert random_codec.decode(upright).size == (30, 20)


def test_metadata_is_dropped_unless_it_is_asked_for(random_codec, photo):
    data = random_codec.encode(photo, 60)
    assert b"somebody" not in data
    assert read_info(data).metadata == ()
    assert read_info(data).parts["metadata"] == 0


def test_metadata_is_kept_on_request_as_the_format_says(random_codec, photo):
    data = random_codec.encode(photo, 60, keep_metadata=True)
    kept = read_stream(data).header.metadata
    assert kept.exif == exif(1).removeprefix(b"Exif\0\0")  # upright now
    assert (kept.icc, kept.xmp) == (PROFILE, XMP)
    assert read_info(data).metadata == ("exif", "icc", "xmp")
    assert random_codec.decode(data).size == (30, 20)
    assert read_stream(data).frames == read_stream(random_codec.encode(photo, 60)).frames


def test_a_picture_without_metadata_has_none_to_keep(random_codec, make_picture):
    picture = make_picture(9, 9)
    assert random_codec.encode(picture, keep_metadata=True) == random_codec.encode(picture)


def test_the_description_adds_up_and_is_ready_for_json(random_codec, photo):
    data = random_codec.encode(photo, 33.1, keep_metadata=True, level_map=None)
    info = read_info(data)
    assert sum(info.parts.values()) == info.total_bytes == len(data)
    assert info.bpp == pytest.approx(8 * len(data) / 600)
    assert (info.width, info.height, info.grey, info.frames, info.version) == (30, 20, False, 1, 1)
    assert (info.quality, info.model_id, info.model) == (33.125, random_codec.model_id.hex(), None)
    assert json.loads(json.dumps(info.to_dict()))["metadata"] == ["exif", "icc", "xmp"]


def test_more_metadata_than_the_format_holds_is_refused(random_codec, make_picture):
    buffer = io.BytesIO()
    Image.fromarray(make_picture(9, 9)).save(buffer, "WEBP", lossless=True, xmp=bytes(2**20 + 1))
    random_codec.encode(buffer.getvalue())
    with pytest.raises(ValueError, match="metadata must be at most 1048576 bytes"):
        random_codec.encode(buffer.getvalue(), keep_metadata=True)
