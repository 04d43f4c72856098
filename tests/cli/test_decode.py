import io
import json

import numpy as np
import pytest
from PIL import Image

from cotam import load_codec


def pixels(source) -> np.ndarray:
    return np.asarray(Image.open(source))


@pytest.fixture
def expected(random_model_path, stream) -> np.ndarray:
    return np.asarray(load_codec(random_model_path).decode(stream.read_bytes()))


def test_a_stream_becomes_the_picture_that_the_codec_decodes(
    cotam, stream, expected, random_model_path, tmp_path
):
    ran = cotam("decode", stream, tmp_path / "p.png", "--model", random_model_path, "--runtime", "torch")
    assert (ran.code, ran.out) == (0, b"")
    assert np.array_equal(pixels(tmp_path / "p.png"), expected)


def test_the_suffix_says_the_format(cotam, stream, random_model_path, tmp_path):
    cotam("decode", stream, tmp_path / "p.webp", "--model", random_model_path)
    assert Image.open(tmp_path / "p.webp").format == "WEBP"


@pytest.mark.parametrize(("options", "expected_format"), [((), "PNG"), (("--format", "jpg"), "JPEG")])
def test_standard_output_takes_png_or_the_format_named(
    cotam, stream, random_model_path, options, expected_format
):
    data = stream.read_bytes()
    ran = cotam("decode", "-", "-", "--model", random_model_path, *options, stdin=data)
    assert ran.code == 0
    assert Image.open(io.BytesIO(ran.out)).format == expected_format


@pytest.mark.parametrize("name", ["p.nothing", "p"])
def test_a_suffix_that_is_no_format_is_bad_use(cotam, stream, tmp_path, name):
    ran = cotam("decode", stream, tmp_path / name)
    assert ran.code == 2
    assert "no picture format" in ran.problem


def test_the_format_of_a_file_is_not_said_twice(cotam, stream, tmp_path):
    assert cotam("decode", stream, tmp_path / "p.png", "--format", "jpg").code == 2


def test_a_stream_of_a_model_that_is_not_here_is_bad_data(cotam, stream, tmp_path):
    ran = cotam("decode", stream, tmp_path / "p.png")
    assert ran.code == 1
    assert str(stream) in ran.problem
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: b"", "empty stream"),
        (lambda data: data[:-3], "checksum|truncated"),
        (lambda data: b"GIF89a" + data, "not a cotam stream"),
        (lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], "checksum"),
    ],
)
def test_a_damaged_stream_is_named_and_writes_nothing(
    cotam, stream, random_model_path, tmp_path, damage, said
):
    import re

    stream.write_bytes(damage(stream.read_bytes()))
    ran = cotam("decode", stream, tmp_path / "p.png", "--model", random_model_path)
    assert ran.code == 1
    assert re.search(said, ran.problem)
    assert str(stream) in ran.problem
    assert not (tmp_path / "p.png").exists()


def test_kept_metadata_comes_back_with_the_picture(cotam, random_model_path, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    Image.new("RGB", (16, 16)).save(tmp_path / "p.jpg", exif=exif)
    cotam("encode", tmp_path / "p.jpg", tmp_path / "s.cotam", "--model", random_model_path, "--keep-metadata")
    for name in ("back.jpg", "back.png"):
        cotam("decode", tmp_path / "s.cotam", tmp_path / name, "--model", random_model_path)
        assert Image.open(tmp_path / name).getexif()[0x010F] == "Maker"


def test_a_folder_of_streams_keeps_its_tree(cotam, stream, expected, random_model_path, tmp_path):
    source = tmp_path / "streams"
    (source / "below").mkdir(parents=True)
    data = stream.read_bytes()
    (source / "below" / "a.cotam").write_bytes(data)
    (source / "b.COTAM").write_bytes(data)
    (source / "bad.cotam").write_bytes(data[:25])
    (source / "other.jpg").write_bytes(b"")
    ran = cotam(
        "decode", source, tmp_path / "out", "--model", random_model_path, "--json", "--runtime", "torch"
    )
    report = json.loads(ran.out)
    assert ran.code == 1
    assert np.array_equal(pixels(tmp_path / "out" / "below" / "a.png"), expected)
    assert np.array_equal(pixels(tmp_path / "out" / "b.png"), expected)
    assert report["total"] | {"seconds": 0} == {
        "files": 2,
        "failed": 1,
        "skipped": 1,
        "done_before": 0,
        "bytes_in": 2 * len(data),
        "bytes_out": sum(item["bytes_out"] for item in report["files"]),
        "ratio": report["total"]["ratio"],
        "mean_bpp": pytest.approx(8 * len(data) / (48 * 40)),
        "seconds": 0,
    }


def test_a_folder_takes_the_format_named(cotam, stream, random_model_path, tmp_path):
    source = tmp_path / "streams"
    source.mkdir()
    stream.rename(source / "a.cotam")
    assert (
        cotam("decode", source, tmp_path / "out", "--model", random_model_path, "--format", "bmp").code == 0
    )
    assert Image.open(tmp_path / "out" / "a.bmp").format == "BMP"
