"""Streams of the shipped model, predicted frames too, and of an ELIC decode to the integers of their release."""

from functools import cache, partial
from pathlib import Path

import pytest

from cotam.bitstream import read_stream
from cotam.codec import load_codec
from cotam.evaluation.conformance import read_golden
from cotam.evaluation.exactness import mismatches
from cotam.evaluation.variations import Variation, cpu_settings

codec_of = cache(load_codec)
HERE = Path(__file__).parent
GOLDEN = {name: read_golden(HERE / name) for name in ("cotam-s", "elic")}
SAMPLES = [
    pytest.param(golden, sample, id=f"{name}-{sample.picture}")
    for name, golden in GOLDEN.items()
    for sample in golden.samples
]


def test_the_streams_of_the_shipped_model_are_for_the_one_that_ships(shipped_codec):
    assert GOLDEN["cotam-s"].model == shipped_codec.name


@pytest.mark.parametrize(("golden", "sample"), SAMPLES)
@pytest.mark.parametrize(("threads", "onednn"), [(1, True), (2, False)])
def test_a_stream_in_the_field_decodes_as_it_always_did(golden, sample, threads, onednn):
    settings = partial(cpu_settings, threads, onednn=onednn)
    way = Variation("here", partial(codec_of, golden.model), settings)
    assert list(mismatches(way, way.load(), [sample])) == [None]


def test_the_predicted_streams_reach_the_corners_of_prediction():
    frames = {
        name: read_stream((HERE / "cotam-s" / f"{name}.cotam").read_bytes()).frames
        for name in ("predicted", "predicted-maps", "predicted-grey", "predicted-keys")
    }
    kinds = {name: [frame.predicted for frame in found] for name, found in frames.items()}
    assert kinds["predicted"][:5] == [False, True, True, True, True]
    assert kinds["predicted-keys"] == [False, True, True] * 2 + [False, True]
    assert any(not frame.payload.strip(b"\0") for frame in frames["predicted"] if frame.predicted)
    assert all(frame.predicted and frame.level_map for frame in frames["predicted-maps"][1:3])
    assert all(kinds["predicted-grey"][1:])
