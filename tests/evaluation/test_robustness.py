from functools import partial

import pytest

from cotam.bitstream import read_stream
from cotam.codec import Codec
from cotam.codec.temporal import load_temporal_codec
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation.frames import decode_all, may_predict
from cotam.evaluation.robustness import (
    MAX_GROWTH,
    MAX_SECONDS,
    PICTURE,
    REFUSED,
    Outcome,
    summary,
    try_stream,
    valid_streams,
)

STREAMS = 400


@pytest.fixture(scope="module")
def streams(random_codec: Codec) -> list[bytes]:
    return valid_streams(random_codec)


def test_the_streams_to_spoil_are_valid(streams, random_codec: Codec):
    sizes = [random_codec.decode(data).size for data in streams]
    assert {(1, 1), (17, 3), (320, 200)} <= set(sizes)


def test_spoilt_streams_give_a_picture_or_a_refusal(streams, random_codec: Codec):
    results = [
        try_stream(random_codec.decode, random_codec.model_id, 7, index, streams).result
        for index in range(STREAMS)
    ]
    assert set(results) <= {PICTURE, REFUSED, "another model"}
    assert REFUSED in results


def test_predicted_frames_are_spoilt_too_and_all_frames_are_decoded(shipped_codec: Codec):
    found = valid_streams(shipped_codec, load_temporal_codec(shipped_codec))
    predicted = [data for data in found if may_predict(data)]
    assert [sum(frame.predicted for frame in read_stream(data).frames) for data in predicted] == [3, 2, 2]
    for data in predicted:
        decode_all(shipped_codec, data)
    spoilt = bytearray(predicted[0])
    spoilt[-20] ^= 1  # in the last frame
    with pytest.raises(BitstreamError):
        decode_all(shipped_codec, bytes(spoilt))
    decode = partial(decode_all, shipped_codec)
    outcomes = [try_stream(decode, shipped_codec.model_id, 7, index, predicted) for index in range(100)]
    assert {outcome.result for outcome in outcomes} <= {PICTURE, REFUSED, "another model"}


def test_any_other_exception_is_a_failure_that_can_be_replayed(streams):
    def decode(data: bytes) -> None:
        raise KeyError("surprise")

    outcome = try_stream(decode, b"", 7, 3, streams)
    assert outcome.failed
    assert (outcome.result, outcome.index) == ("KeyError", 3)
    assert bytes.fromhex(outcome.stream)


def test_a_model_error_counts_only_where_the_stream_names_another_model(streams):
    def decode(data: bytes) -> None:
        raise ModelError("unknown model")

    index = next(i for i in range(99) if len(mutated(streams, i)) > 40)
    named = mutated(streams, index)[5:9]
    assert try_stream(decode, named, 7, index, streams).failed
    assert not try_stream(decode, b"none", 7, index, streams).failed


def mutated(streams: list[bytes], index: int) -> bytes:
    from cotam.evaluation.mutations import mutate

    name, data = mutate(7, index, streams)
    return data if name in ("splice", "change_payload") and data[4] == 0x10 else b""


def test_slow_and_greedy_streams_are_failures():
    assert not Outcome(0, "splice", PICTURE, MAX_SECONDS, MAX_GROWTH).failed
    assert Outcome(0, "splice", PICTURE, MAX_SECONDS + 0.1, 0).failed
    assert Outcome(0, "splice", REFUSED, 0.0, MAX_GROWTH + 1).failed


def test_the_summary_counts_outcomes_and_lists_failures():
    outcomes = [
        Outcome(0, "splice", PICTURE, 0.5, 0),
        Outcome(1, "junk", REFUSED, 0.25, 100),
        Outcome(2, "junk", "KeyError", 0.1, 0, "x", "00"),
    ]
    found = summary(outcomes)
    assert found["outcomes"] == {PICTURE: 1, REFUSED: 1, "KeyError": 1}
    assert (found["slowest_seconds"], found["slowest_index"], found["largest_growth_bytes"]) == (0.5, 0, 100)
    assert [row["index"] for row in found["failures"]] == [2]
