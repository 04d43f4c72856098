"""Streams of the shipped model decode to the integers that they decoded to when its weights were released."""

import json
from pathlib import Path

import pytest

from cotam.codec import codec_for_stream
from cotam.evaluation.conformance import stills
from cotam.evaluation.exactness import digest_of
from cotam.evaluation.variations import cpu_settings

HERE = Path(__file__).parent / "cotam-s"
MANIFEST = json.loads((HERE / "manifest.json").read_text())


def test_the_shipped_model_is_the_one_of_the_streams(shipped_codec):
    assert shipped_codec.model_id.hex() == MANIFEST["model_id"]


@pytest.mark.parametrize("name", sorted(MANIFEST["streams"]))
@pytest.mark.parametrize(("threads", "onednn"), [(1, True), (2, False)])
def test_a_stream_in_the_field_decodes_as_it_always_did(name, threads, onednn):
    data = (HERE / f"{name}.cotam").read_bytes()
    with cpu_settings(threads=threads, onednn=onednn):
        found = [digest_of(codec_for_stream(data).decode_latents(still)) for still in stills(data)]
    assert found == [frame["latents_sha256"] for frame in MANIFEST["streams"][name]["frames"]]
