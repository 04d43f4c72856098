"""Streams are as short as the entropy model says, and as long as they were asked to be."""

import math

import pytest

from cotam.bitstream import read_stream
from cotam.bitstream.limits import STILL_OVERHEAD_BYTES
from cotam.bitstream.payload import minimum_payload_bytes
from cotam.codec import LevelMap
from cotam.codec.latents import LatentCoder
from cotam.codec.rate_control import MAX_TRIALS, search_step
from cotam.ops.quality_scale import MAX_STEP, MIN_STEP

SLACK_BYTES = 8


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (100, 150), (256, 256)])
@pytest.mark.parametrize("quality", [1, 30, 70, 100])
def test_the_coded_size_is_near_the_entropy_models_ideal(random_codec, make_picture, size, quality):
    encoded = random_codec.encode_analysis(random_codec.analyse(make_picture(*size)), quality)
    ideal = encoded.ideal_bits / 8
    payload = len(read_stream(encoded.data).frames[0].payload)
    assert ideal - 1 <= payload <= max(ideal * 1.01 + SLACK_BYTES, minimum_payload_bytes(*size))
    assert len(encoded.data) == payload + STILL_OVERHEAD_BYTES


@pytest.fixture
def counted(random_codec, shipped_codec, monkeypatch):
    """How often the networks of the encoder ran."""
    calls = {"analysis": 0, "entropy": 0}
    encode = LatentCoder.encode

    def entropy_stage(*arguments):
        calls["entropy"] += 1
        return encode(*arguments)

    def transform(*_):
        calls["analysis"] += 1

    monkeypatch.setattr(LatentCoder, "encode", entropy_stage)
    codecs = (random_codec, shipped_codec)
    handles = [codec.network.analysis.register_forward_hook(transform) for codec in codecs]
    yield calls
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_target_in_bytes_is_hit_from_below_with_one_analysis(shipped_codec, make_picture, counted, share):
    codec, picture = shipped_codec, make_picture(256, 384)
    least, most = (len(codec.encode(picture, quality)) for quality in (1, 100))
    target = round(least ** (1 - share) * most**share)
    counted.update(analysis=0, entropy=0)
    data = codec.encode(picture, target_bytes=target)
    assert 0.93 * target < len(data) <= target
    assert counted["analysis"] == 1
    assert 1 <= counted["entropy"] <= MAX_TRIALS


def test_a_generous_target_gives_the_highest_quality(random_codec, make_picture, counted):
    picture = make_picture(64, 64)
    data = random_codec.encode(picture, target_bytes=100_000)
    assert counted["entropy"] <= MAX_TRIALS
    assert data == random_codec.encode(picture, 100)


def test_a_target_overrides_quality_and_counts_every_byte_of_the_stream(random_codec, make_picture):
    level_map = LevelMap([[1, -1], [0, 1]])
    data = random_codec.encode(make_picture(128, 128), 1, target_bytes=600, level_map=level_map)
    assert 0.93 * 600 < len(data) <= 600
    assert random_codec.decode_latents(data).level_map == level_map


def test_too_few_bytes_are_refused_with_what_would_be_needed(random_codec, make_picture):
    picture = make_picture(128, 128)
    least = len(random_codec.encode(picture, 1))
    with pytest.raises(ValueError, match=f"target_bytes=25 is too few.*quality 1 takes {least} bytes"):
        random_codec.encode(picture, target_bytes=25)


@pytest.mark.parametrize("target", [0, -3, 2.5, "900", True])
def test_a_target_that_is_no_number_of_bytes_is_refused(random_codec, make_picture, target):
    with pytest.raises(ValueError, match="target_bytes must be a positive whole number"):
        random_codec.encode(make_picture(8, 8), target_bytes=target)


def curves():
    """Bytes by quality step, as pictures of all kinds have them: never falling."""
    span = MAX_STEP - MIN_STEP
    for slope in (0.002, 0.004, 0.0052, 0.007, 0.011):
        for start in (60, 1_000, 40_000):
            yield (
                f"exponential {slope} {start}",
                lambda s, a=start, k=slope: round(a * math.exp(k * (s - MIN_STEP))),
            )
    for bend in (0.5, 2.0):
        yield f"bent {bend}", lambda s, b=bend: round(500 * math.exp(5 * ((s - MIN_STEP) / span) ** b))
    yield "with an overhead", lambda s: 300 + round(20 * math.exp(0.006 * (s - MIN_STEP)))


@pytest.mark.parametrize("pixels", [4_000, 400_000, 8_000_000])
@pytest.mark.parametrize(("name", "size"), list(curves()))
def test_the_search_lands_on_every_kind_of_curve(name, size, pixels):
    for share in (0.0, 0.03, 0.2, 0.5, 0.8, 1.0):
        target = round(size(MIN_STEP) * (size(MAX_STEP) / size(MIN_STEP)) ** share)
        calls = []

        def encode(step, calls=calls):
            calls.append(step)
            return step

        best, step = search_step(encode, size, target, pixels)
        assert best == step
        assert len(calls) <= MAX_TRIALS
        assert size(step) <= target
        next_larger = size(min(step + 1, MAX_STEP))
        assert size(step) > 0.93 * target or next_larger > target


@pytest.mark.parametrize("pixels", [1, 4_000, 8_000_000])
@pytest.mark.parametrize(("name", "size"), list(curves()))
def test_the_search_says_what_the_lowest_quality_takes(name, size, pixels):
    with pytest.raises(ValueError, match=f"quality 1 takes {size(MIN_STEP)} bytes"):
        search_step(lambda step: step, size, size(MIN_STEP) - 1, pixels)
