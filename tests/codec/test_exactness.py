"""One stream, the same integers: whatever the threads, kernels, precision, batch or thread that decodes it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.codec import LevelMap, codec_for_stream, load_codec
from cotam.errors import BitstreamError
from cotam.evaluation.variations import cpu_settings


def requests():
    """Sizes (two of them alike), qualities and level maps to code."""
    level_map = LevelMap(np.random.default_rng(0).integers(-1, 2, (5, 7)), strength=25)
    for seed, (size, quality) in enumerate(
        [((48, 80), 1), ((48, 80), 100), ((70, 33), 50), ((48, 80), 37.5)]
    ):
        yield size, seed, quality, None
        yield size, seed, quality, level_map


@pytest.fixture(scope="module")
def coded(random_codec, make_picture):
    """Streams, and the latents that a plain decoder reads from them."""
    streams = [
        random_codec.encode(make_picture(*size, seed), q, level_map=m) for size, seed, q, m in requests()
    ]
    return streams, [random_codec.decode_latents(data).latents for data in streams]


def assert_same(images, expected):
    for image, latents in zip(images, expected, strict=True):
        assert torch.equal(image.latents, latents)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_settings_make_no_difference(random_model_path, coded, threads, onednn, dtype):
    streams, expected = coded
    codec = load_codec(random_model_path, dtype=dtype)
    with cpu_settings(threads, onednn=onednn):
        assert_same([codec.decode_latents(data) for data in streams], expected)
        assert_same(codec.decode_latents_batch(streams), expected)


@pytest.mark.parametrize("count", [1, 2, 8, 19])
def test_the_batch_makes_no_difference(random_codec, coded, count):
    streams, expected = coded
    chosen = np.random.default_rng(count).integers(len(streams), size=count)
    assert_same(
        random_codec.decode_latents_batch([streams[i] for i in chosen]), [expected[i] for i in chosen]
    )


def test_a_stream_of_bfloat16_transforms_decodes_everywhere_alike(
    random_model_path, random_codec, make_picture
):
    coarse = load_codec(random_model_path, dtype="bfloat16")
    data = coarse.encode(make_picture(48, 80), 90)
    assert torch.equal(coarse.decode_latents(data).latents, random_codec.decode_latents(data).latents)
    assert coarse.decode(data).size == (80, 48)


def test_pictures_are_the_same_in_a_batch_within_rounding(random_codec, coded):
    streams, _ = coded
    together = random_codec.decode_batch(streams)
    for data, picture in zip(streams, together, strict=True):
        alone = np.asarray(random_codec.decode(data)).astype(int)
        assert np.abs(alone - np.asarray(picture)).max() <= 1


def test_encoding_in_a_batch_gives_the_same_streams(random_codec, make_picture):
    pictures = [make_picture(h, w, seed) for seed, (h, w) in enumerate([(40, 56)] * 9 + [(17, 20), (40, 56)])]
    alone = [random_codec.encode(picture, 60) for picture in pictures]
    assert random_codec.encode_batch(pictures, 60) == alone


def test_every_picture_of_a_batch_has_its_own_target(random_codec, make_picture):
    pictures = [make_picture(96, 96, seed) for seed in range(3)]
    streams = random_codec.encode_batch(pictures, target_bytes=200)
    assert streams == [random_codec.encode(picture, target_bytes=200) for picture in pictures]
    assert all(0.93 * 200 < len(data) <= 200 for data in streams)


def test_no_pictures_give_no_streams(random_codec):
    assert random_codec.encode_batch([]) == []
    assert random_codec.decode_batch([]) == []


def test_one_bad_stream_of_a_batch_is_an_error(random_codec, coded):
    with pytest.raises(BitstreamError):
        random_codec.decode_batch([coded[0][0], coded[0][1][:-1]])


def test_threads_may_share_a_codec(random_codec, make_picture):
    """Encoding, decoding to latents and to pixels, sizes and maps mixed, and damaged streams in between."""
    jobs = [(make_picture(32 + 16 * (n % 3), 48, n), LevelMap([[1, -1], [0, n % 2]])) for n in range(12)]

    def both_ways(job):
        picture, level_map = job
        data = random_codec.encode(picture, 70, level_map=level_map)
        with pytest.raises(BitstreamError):
            random_codec.decode(data[:-9])
        return data, random_codec.decode_latents(data).latents.tolist(), random_codec.decode(data).tobytes()

    expected = [both_ways(job) for job in jobs]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(both_ways, jobs * 3))
    assert found == expected * 3


def test_threads_may_ask_for_the_shared_codec_of_a_stream_at_once():
    golden = Path(__file__).parent.parent / "conformance" / "cotam-s"
    streams = [(golden / f"{name}.cotam").read_bytes() for name in ("still", "grey", "one-row")] * 4
    expected = [codec_for_stream(data).decode(data).tobytes() for data in streams]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda data: codec_for_stream(data).decode(data).tobytes(), streams))
    assert found == expected
