import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from cotam import pillow_plugin, read_info
from cotam.pillow_plugin import given_codec


@pytest.fixture(autouse=True)
def registered(random_codec, monkeypatch):
    """Pillow with the plugin, and without it again afterwards."""
    Image.init()
    for name in ("OPEN", "SAVE", "EXTENSION", "MIME"):
        monkeypatch.setattr(Image, name, dict(getattr(Image, name)))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    monkeypatch.setattr(given_codec, "_given", None)
    pillow_plugin.register(random_codec)


def picture(mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((40, 24)).convert(mode)


def saved(image: Image.Image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "COTAM", **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_file_is_saved_and_opened_by_its_suffix(tmp_path, random_codec):
    picture().save(tmp_path / "p.cotam", quality=25)
    data = (tmp_path / "p.cotam").read_bytes()
    with Image.open(tmp_path / "p.cotam") as image:
        assert (image.format, image.mode, image.size) == ("COTAM", "RGB", (40, 24))
        assert image.get_format_mimetype() == "image/x-cotam"
        assert (image.info["quality"], image.info["model_id"]) == (25, random_codec.model_id.hex())
        assert np.array_equal(image, random_codec.decode(data))


@pytest.mark.parametrize(("mode", "decoded"), [("L", "L"), ("RGB", "RGB"), ("RGBA", "RGB"), ("P", "RGB")])
def test_grey_stays_grey_and_everything_else_becomes_rgb(mode, decoded):
    image = opened(saved(picture(mode)))
    assert image.mode == decoded
    image.load()
    assert image.mode == decoded


def test_opening_reads_the_header_only(random_codec, monkeypatch):
    data = saved(picture())
    monkeypatch.setattr(random_codec, "decode", lambda _: pytest.fail("decoded too early"))
    assert opened(data).size == (40, 24)


def test_what_is_no_stream_is_left_to_other_plugins():
    with pytest.raises(UnidentifiedImageError):
        opened(b"nothing that anybody knows")
    with pytest.raises(SyntaxError):
        pillow_plugin.CotamImageFile(io.BytesIO(b"nothing that anybody knows"))


def test_a_corrupt_payload_is_an_os_error_when_it_is_loaded():
    data = bytearray(saved(picture()))
    data[-6] ^= 1
    image = opened(bytes(data))
    with pytest.raises(OSError, match="checksum"):
        image.load()


def test_a_cut_off_header_is_an_os_error_with_its_reason():
    with pytest.raises(OSError, match="truncated"):
        opened(saved(picture())[:9])


def test_a_stream_of_an_unknown_model_is_an_os_error_when_it_is_loaded(random_codec):
    data = saved(picture())
    pillow_plugin.register(None)
    with pytest.raises(OSError, match=random_codec.model_id.hex()):
        opened(data).load()


def test_verify_checks_the_whole_stream():
    data = bytearray(saved(picture()))
    opened(bytes(data)).verify()
    data[-6] ^= 1
    with pytest.raises(OSError, match="checksum"):
        opened(bytes(data)).verify()


@pytest.mark.parametrize(
    "double", [lambda image: pickle.loads(pickle.dumps(image)), copy.copy, Image.Image.copy]
)
def test_pickles_and_copies_have_the_same_pixels(double):
    image = opened(saved(picture()))
    assert np.array_equal(double(image), image)


def test_thumbnails_and_conversions_decode_by_themselves():
    image = opened(saved(picture()))
    assert image.convert("L").size == (40, 24)
    image.thumbnail((20, 20))
    assert image.size == (20, 12)


def test_target_bytes_is_not_exceeded():
    limit = len(saved(picture(), quality=100)) - 4
    assert len(saved(picture(), target_bytes=limit)) <= limit


@pytest.mark.parametrize("quality", [0, 101, "high", float("nan"), True])
def test_a_bad_quality_is_a_value_error(quality, tmp_path):
    with pytest.raises(ValueError, match="quality"):
        picture().save(tmp_path / "p.cotam", quality=quality)
    assert not (tmp_path / "p.cotam").exists()


def test_quality_and_target_bytes_exclude_each_other():
    with pytest.raises(ValueError, match="exclude"):
        saved(picture(), quality=30, target_bytes=500)


def with_exif() -> tuple[Image.Image, bytes]:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    image = picture()
    image.info["exif"] = exif.tobytes()
    return image, exif.tobytes()


def test_metadata_is_dropped_unless_it_is_kept_or_given():
    image, exif = with_exif()
    assert read_info(saved(image)).metadata == ()
    assert read_info(saved(image, keep_metadata=True)).metadata == ("exif",)
    assert read_info(saved(picture(), exif=exif, xmp=b"<x/>")).metadata == ("exif", "xmp")


def test_metadata_comes_back_and_can_be_saved_in_other_formats():
    image, _ = with_exif()
    back = opened(saved(image, keep_metadata=True))
    assert back.getexif()[0x010F] == "Maker"
    buffer = io.BytesIO()
    back.save(buffer, "JPEG", exif=back.info["exif"])
    assert Image.open(buffer).getexif()[0x010F] == "Maker"


def test_given_metadata_overrides_what_the_picture_has():
    image, _ = with_exif()
    other = Image.Exif()
    other[0x010F] = "Other"
    assert opened(saved(image, exif=other, keep_metadata=True)).getexif()[0x010F] == "Other"
    assert read_info(saved(image, exif=b"", keep_metadata=True)).metadata == ()
    assert read_info(saved(image, xmp=b"<x/>")).metadata == ("xmp",)


def test_an_orientation_is_applied_to_the_pixels():
    image = picture()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.info["exif"] = exif.tobytes()
    assert opened(saved(image)).size == (24, 40)


def test_saving_leaves_the_picture_alone():
    image, exif = with_exif()
    saved(image, xmp=b"<x/>")
    assert image.info == {"exif": exif}


def test_only_a_call_registers_the_format():
    code = (
        "import sys, cotam.pillow_plugin as p; from PIL import Image; Image.init();"
        "assert 'COTAM' not in Image.OPEN; p.register();"
        "assert Image.registered_extensions()['.cotam'] == 'COTAM'; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_stream_behind_other_bytes_is_read_from_where_it_starts(random_codec):
    data = saved(picture())
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    image = pillow_plugin.CotamImageFile(file)
    assert np.array_equal(image, random_codec.decode(data))


def test_a_path_that_was_opened_is_closed_after_loading(tmp_path):
    path = Path(tmp_path, "p.cotam")
    picture().save(path)
    image = Image.open(path)
    file = image.fp
    image.load()
    assert file is not None
    assert file.closed
