"""Pictures of any size and kind become streams and come back."""

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from cotam.bitstream import FrameRecord, Stream, StreamHeader, read_stream, write_stream
from cotam.codec import load_codec
from cotam.errors import BitstreamError, ImageError, ModelError
from cotam.ops.integers import ONE

SIZES = [(1, 1), (1, 7), (16, 16), (17, 33), (64, 80), (100, 150)]


@pytest.fixture
def encoder_side(random_codec, monkeypatch):
    """Latents that the encoder ended with, in order of encoding."""
    seen, encode = [], random_codec.latents.encode

    def remember(*arguments):
        seen.append(encode(*arguments))
        return seen[-1]

    monkeypatch.setattr(random_codec.latents, "encode", remember)
    return seen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", [1, 40, 87.6, 100])
def test_a_picture_decodes_to_the_latents_that_its_encoder_had(
    random_codec, make_picture, encoder_side, size, quality
):
    data = random_codec.encode(make_picture(*size), quality)
    found = random_codec.decode_latents(data)
    assert torch.equal(found.latents, encoder_side[0][0].to(torch.int64))
    assert found.latents.shape == (16, -(-size[0] // 16), -(-size[1] // 16))
    assert (found.height, found.width, found.grey, found.level_map) == (*size, False, None)
    assert found.quality == round(quality * 8) / 8
    assert found.model_id == random_codec.model_id
    picture = random_codec.decode(data)
    assert (picture.mode, picture.size) == ("RGB", size[::-1])


def test_the_latents_are_rich_enough_to_prove_something(random_codec, make_picture):
    latents = random_codec.decode_latents(random_codec.encode(make_picture(100, 150), 90)).latents
    assert latents.unique().numel() > 300
    assert (latents % ONE).unique().numel() > 50  # means between the integers


def test_encoding_is_deterministic(random_codec, make_picture):
    picture = make_picture(40, 50)
    assert random_codec.encode(picture, 60) == random_codec.encode(picture, 60)


def test_quality_changes_the_stream(random_codec, make_picture):
    streams = [random_codec.encode(make_picture(64, 64), quality) for quality in (5, 50, 100)]
    assert len(set(streams)) == 3
    assert len(streams[0]) < len(streams[1]) < len(streams[2])


def test_the_inverse_gains_bring_latents_back_to_the_scale_of_the_analysis(random_codec, make_picture):
    analysis = random_codec.analyse(make_picture(64, 80))
    error = [
        float(
            (random_codec.decode_latents(random_codec.encode_analysis(analysis, q).data).latents / ONE)
            .abs()
            .mean()
        )
        for q in (10, 90)
    ]
    assert error[1] > error[0]  # finer steps, larger numbers


def saved(image, image_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def kinds(pixels):
    """The same picture, or nearly, in every way that a source may come."""
    image = Image.fromarray(pixels)
    transparent = image.convert("RGBA")
    transparent.putalpha(
        Image.fromarray(np.tile(np.arange(pixels.shape[1], dtype=np.uint8), (pixels.shape[0], 1)))
    )
    return {
        "grey": image.convert("L"),
        "grey with alpha": image.convert("LA"),
        "RGBA": transparent,
        "palette": image.quantize(16),
        "bilevel": image.convert("1"),
        "16 bits": Image.fromarray(pixels[..., 0].astype(np.uint16) * 257),
        "CMYK": saved(image.convert("CMYK"), "JPEG"),
        "float": pixels.astype(np.float32) / 255,
        "uint16": pixels.astype(np.uint16) * 257,
        "grey array": pixels[..., 1],
        "PNG bytes": saved(image),
        "stream": io.BytesIO(saved(image)),
    }


@pytest.mark.parametrize("kind", list(kinds(np.zeros((2, 2, 3), np.uint8))))
def test_every_kind_of_picture_is_taken(random_codec, make_picture, kind):
    data = random_codec.encode(kinds(make_picture(21, 34))[kind], 70)
    grey = kind in ("grey", "grey with alpha", "bilevel", "16 bits", "grey array")
    decoded = random_codec.decode(data)
    assert (decoded.mode, decoded.size) == ("L" if grey else "RGB", (34, 21))


def test_equal_pixels_give_equal_streams_whatever_they_came_as(random_codec, make_picture, tmp_path):
    pixels = make_picture(21, 34)
    path = tmp_path / "picture.png"
    path.write_bytes(kinds(pixels)["PNG bytes"])
    sources = [
        pixels,
        path,
        str(path),
        path.open("rb"),
        Image.open(path),
        *(kinds(pixels)[k] for k in ("float", "uint16")),
    ]
    assert len({random_codec.encode(source, 55) for source in sources}) == 1


def test_transparency_is_composited_on_white(random_codec):
    clear = np.zeros((20, 20, 4), np.uint8)
    assert random_codec.encode(clear) == random_codec.encode(np.full((20, 20, 3), 255, np.uint8))


def test_grey_is_kept_even_though_the_networks_see_three_channels(random_codec, make_picture):
    grey = make_picture(20, 30)[..., 0]
    colour = np.repeat(grey[..., None], 3, 2)
    first, second = random_codec.encode(grey), random_codec.encode(colour)
    assert read_stream(first).header.grey
    assert not read_stream(second).header.grey
    assert read_stream(first).frames == read_stream(second).frames


def test_a_sequence_decodes_to_its_first_frame(random_codec, make_picture):
    stills = [random_codec.encode(make_picture(30, 40, seed), 60) for seed in (1, 2)]
    frames = [read_stream(data).frames[0] for data in stills]
    timed = tuple(FrameRecord(f.quality, f.level_map, f.payload, 40 * n) for n, f in enumerate(frames))
    header = StreamHeader(40, 30, random_codec.model_id, sequence=True)
    data = write_stream(Stream(header, timed))
    assert torch.equal(
        random_codec.decode_latents(data).latents, random_codec.decode_latents(stills[0]).latents
    )
    assert random_codec.decode(data).tobytes() == random_codec.decode(stills[0]).tobytes()


def test_a_stream_of_another_model_is_refused_with_both_ids(random_codec, make_picture):
    stream = read_stream(random_codec.encode(make_picture(8, 8)))
    other = write_stream(Stream(StreamHeader(8, 8, b"\1\2\3\4"), stream.frames))
    with pytest.raises(ModelError, match=f"model 01020304.*random \\({random_codec.model_id.hex()}\\)"):
        random_codec.decode(other)


@pytest.mark.parametrize("source", [b"", b"no picture", "/no/such/file.png"])
def test_what_is_no_picture_is_refused(random_codec, source):
    with pytest.raises(ImageError):
        random_codec.encode(source)


@pytest.mark.parametrize("quality", [0, 101, float("nan")])
def test_quality_out_of_range_is_refused(random_codec, make_picture, quality):
    with pytest.raises(ValueError, match="quality must be"):
        random_codec.encode(make_picture(8, 8), quality)


@pytest.mark.parametrize("data", [b"", b"no stream", b"\x8bCTM"])
def test_what_is_no_stream_is_refused(random_codec, data):
    with pytest.raises(BitstreamError):
        random_codec.decode(data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "float16"}, "dtype must be"),
        ({"threads": 0}, "threads must be"),
        ({"device": "nowhere"}, "device must be"),
    ],
)
def test_options_out_of_range_are_refused(random_model_path, options, message):
    with pytest.raises(ValueError, match=message):
        load_codec(random_model_path, **options)


def test_every_stream_is_its_own_size_with_no_common_length(random_codec, make_picture):
    lengths = [
        len(random_codec.encode(make_picture(h, w), 50)) for h, w in itertools.product((16, 48), (16, 96))
    ]
    assert len(set(lengths)) > 1
