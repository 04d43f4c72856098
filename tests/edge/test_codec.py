"""An edge codec behaves as the codec on torch."""

import numpy as np
import pytest
from PIL import Image

from cotam.bitstream import read_stream
from cotam.codec import read_info
from cotam.edge import NeedsTorchError, load_edge_codec
from cotam.errors import BitstreamError, ModelError


def pixels_of(image):
    return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("size", [(64, 80), (1, 1), (17, 90)])
def test_the_transforms_are_those_of_torch(edge_codec, random_codec, make_picture, size):
    picture = make_picture(*size)
    expected, found = random_codec.analyse(picture), edge_codec.analyse(picture)
    assert np.abs(found.y - expected.y.numpy()).max() < 1e-4 * max(1, np.abs(found.y).max())
    data = random_codec.encode(picture, 70)
    difference = pixels_of(random_codec.decode(data)) - pixels_of(edge_codec.decode(data))
    assert np.abs(difference).max() <= 1


def test_a_grey_picture_with_metadata_comes_back_so(edge_codec, tmp_path):
    path = tmp_path / "grey.png"
    exif = Image.Exif()
    exif[0x010E] = "a description"
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (48, 1))).save(path, exif=exif)
    data = edge_codec.encode(path, keep_metadata=True)
    assert "exif" in read_info(data).metadata
    assert edge_codec.decode(data).mode == "L"


def test_a_number_of_bytes_is_kept_to(edge_codec, make_picture):
    picture = make_picture(64, 80)
    target = len(edge_codec.encode(picture, 60))
    data = edge_codec.encode(picture, target_bytes=target)
    assert 0.9 * target < len(data) <= target
    with pytest.raises(ValueError, match="positive whole number"):
        edge_codec.encode(picture, target_bytes=0)


def test_guidance_that_needs_no_tower_gives_the_level_maps_of_torch(edge_codec, random_codec, make_picture):
    picture = make_picture(96, 128)
    for guidance in ("saliency", "roi:8,8,40,40", "random:seed=3,levels=5", "saliency+roi:8,8,40,40"):
        streams = [codec.encode(picture, 50, guidance=guidance) for codec in (edge_codec, random_codec)]
        maps = [read_info(data).level_map for data in streams]
        assert maps[0] == maps[1]
        assert not maps[0].is_uniform


def test_what_needs_torch_is_refused_in_one_line(edge_codec, make_picture):
    with pytest.raises(NeedsTorchError, match="min_similarity needs torch"):
        edge_codec.encode(make_picture(32, 32), min_similarity=object())


def test_bad_streams_are_refused(edge_codec, random_codec, make_picture):
    data = edge_codec.encode(make_picture(40, 40))
    with pytest.raises(BitstreamError):
        edge_codec.decode(data[:-3])
    stream = read_stream(data)
    assert stream.header.model_id == random_codec.model_id
    other = load_edge_codec("cotam-s", runtime="onnx")
    with pytest.raises(ModelError, match="was made with model"):
        other.decode(data)


def test_a_damaged_payload_is_refused(edge_codec, make_picture):
    from cotam.bitstream import write_stream
    from cotam.bitstream.records import FrameRecord, Stream

    stream = read_stream(edge_codec.encode(make_picture(40, 40), 80))
    frame = stream.frames[0]
    spoilt = FrameRecord(frame.quality, frame.level_map, frame.payload + b"\x55\xaa\x55\xaa")
    with pytest.raises(BitstreamError, match="damaged"):
        edge_codec.decode(write_stream(Stream(stream.header, (spoilt,))))


def test_bfloat16_moves_samples_and_no_latent(random_model_path, make_picture):
    plain = load_edge_codec(random_model_path, runtime="openvino", precision="float32")
    coarse = load_edge_codec(random_model_path, runtime="openvino", precision="bfloat16")
    data = plain.encode(make_picture(64, 64), 90)
    assert np.array_equal(plain.decode_latents(data).latents, coarse.decode_latents(data).latents)
    assert np.abs(pixels_of(plain.decode(data)) - pixels_of(coarse.decode(data))).mean() < 3


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"runtime": "tensorrt"}, "runtime must be one of onnx, openvino"),
        ({"threads": 0}, "threads must be at least 1"),
        ({"precision": "int3"}, "precision must be"),
        ({"runtime": "onnx", "precision": "bfloat16"}, "needs runtime='openvino'"),
    ],
)
def test_options_out_of_range_are_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        load_edge_codec(**options)


def test_a_runtime_that_is_not_installed_names_the_extra(monkeypatch):
    from cotam.edge import runtimes

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(runtimes, "import_module", missing)
    for runtime in ("onnx", "openvino"):
        with pytest.raises(ModelError, match=r"pip install 'cotam\[edge\]'"):
            load_edge_codec(runtime=runtime)
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"no edge runtime is installed: pip install 'cotam\[edge\]'"):
        load_edge_codec()
