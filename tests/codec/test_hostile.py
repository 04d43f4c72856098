"""Any bytes decode to a picture or are refused; nothing large is allocated for a small lie."""

import dataclasses
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cotam.bitstream import (
    FrameRecord,
    LevelMapHeader,
    Stream,
    StreamHeader,
    padded_payload,
    read_stream,
    write_stream,
)
from cotam.codec import LevelMap, read_info
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation.mutations import mutate

CASES = 300


@pytest.fixture(scope="module")
def streams(random_codec, make_picture):
    """Valid streams to spoil: plain, with a level map, grey, tiny."""
    picture = make_picture(48, 64)
    return [
        random_codec.encode(picture, 60),
        random_codec.encode(picture, 95, level_map=LevelMap([[1, -1, 0], [0, 1, 1]])),
        random_codec.encode(picture[..., 0], 30),
        random_codec.encode(picture[:1, :1], 80),
    ]


def decodes_or_is_refused(codec, data):
    """Whether the bytes are a stream; its description must say the same of it."""
    try:
        picture = codec.decode(data)
    except (BitstreamError, ModelError) as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ends are right
        return False
    info = read_info(data)
    assert picture.size == (info.width, info.height)
    return True


def test_spoilt_streams_decode_or_are_refused(random_codec, streams):
    decoded = sum(decodes_or_is_refused(random_codec, mutate(7, case, streams)[1]) for case in range(CASES))
    assert 0 < decoded < CASES  # some changes are harmless, most are not


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    payload=st.binary(max_size=200), quality=st.integers(8, 800), sides=st.tuples(*[st.integers(1, 90)] * 2)
)
def test_any_payload_decodes_or_is_refused(random_codec, payload, quality, sides):
    header = StreamHeader(*sides, random_codec.model_id)
    data = write_stream(Stream(header, (FrameRecord(quality / 8, None, payload),)))
    decodes_or_is_refused(random_codec, data)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    payload=st.binary(max_size=60),
    shape=st.tuples(*[st.integers(1, 128)] * 2),
    levels=st.sampled_from([3, 9]),
)
def test_any_level_map_decodes_or_is_refused(random_codec, payload, shape, levels):
    frame = FrameRecord(40.0, LevelMapHeader(levels, 50.0, *shape), payload)
    decodes_or_is_refused(
        random_codec, write_stream(Stream(StreamHeader(40, 24, random_codec.model_id), (frame,)))
    )


def test_every_byte_set_to_an_extreme_is_refused_or_decodes(random_codec, streams):
    data = streams[1]
    for position in range(24):
        for value in (0, 255):
            spoilt = bytearray(data[:-4])
            spoilt[position] = value
            decodes_or_is_refused(random_codec, bytes(spoilt) + zlib.crc32(spoilt).to_bytes(4, "little"))


@pytest.mark.parametrize("sides", [(65_536, 1024), (8192, 8192), (65_536, 1), (2048, 1024)])
def test_a_huge_picture_in_few_bytes_is_refused_before_anything_is_decoded(
    random_codec, streams, monkeypatch, sides
):
    def decode(*_):
        pytest.fail("the networks were reached")

    if sides == (65_536, 1):  # this one is allowed
        sides = (65_536, 8)
    monkeypatch.setattr(random_codec.latents, "decode", decode)
    body = bytearray(streams[0][:-4])
    for offset, side in zip((9, 11), sides, strict=True):
        body[offset : offset + 2] = (side - 1).to_bytes(2, "little")
    with pytest.raises(BitstreamError, match="a payload for"):
        random_codec.decode(bytes(body) + zlib.crc32(body).to_bytes(4, "little"))


def test_a_payload_that_goes_on_behind_its_last_symbol_is_refused(random_codec, streams):
    stream = read_stream(streams[0])
    frame = stream.frames[0]
    for payload in (b"\1" * 40 + frame.payload, frame.payload + b"\1" * 40):
        longer = dataclasses.replace(frame, payload=payload)
        with pytest.raises(BitstreamError, match="entropy-coded data is damaged"):
            random_codec.decode(write_stream(dataclasses.replace(stream, frames=(longer,))))


def test_a_truncated_stream_is_refused_at_every_length(random_codec, streams):
    for length in range(len(streams[0])):
        with pytest.raises(BitstreamError):
            random_codec.decode(streams[0][:length])


def test_trailing_bytes_are_refused(random_codec, streams):
    with pytest.raises(BitstreamError):
        random_codec.decode(streams[0] + b"\0")


def test_a_payload_that_runs_out_in_a_large_picture_is_refused_before_the_last_pass(
    shipped_codec, make_picture, monkeypatch
):
    small = read_stream(shipped_codec.encode(make_picture(64, 64), 100)).frames[0]
    payload = padded_payload(small.payload, 1000, 1100)
    header = StreamHeader(1000, 1100, shipped_codec.model_id)
    data = write_stream(Stream(header, (dataclasses.replace(small, payload=payload),)))
    passes, run_pass = [], shipped_codec.network.context.parameters_of_pass

    def counted(number, *arguments):
        passes.append(number)
        return run_pass(number, *arguments)

    monkeypatch.setattr(shipped_codec.network.context, "parameters_of_pass", counted)
    with pytest.raises(BitstreamError, match="ends before its symbols do"):
        shipped_codec.decode(data)
    assert passes == [0, 1]
