"""Committed streams decode, with a committed model, to the very integers that they always decoded to.

A missing file fails; nothing here writes one. ``regenerate.py`` does, and says when one may.
"""

import json
import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from cotam.bitstream import read_stream, unpadded_payload, write_stream
from cotam.codec import codec as codec_module
from cotam.codec import load_codec, read_info
from cotam.entropy_coding import MAX_SYMBOL, FrameReader, FrameWriter
from cotam.evaluation.exactness import digest_of
from cotam.evaluation.frames import streams_of_frames
from cotam.evaluation.variations import compiled_codec, cpu_settings
from cotam.ops.quality import MIN_STEP
from cotam.ops.quality_scale import MAX_STEP

HERE = Path(__file__).parent
NAMES = (
    "beyond-the-scale",
    "empty-payload",
    "extreme-latents",
    "finest-map",
    "five-levels",
    "grey",
    "grey-map",
    "grey-sequence",
    "large",
    "large-map",
    "level-map",
    "metadata",
    "nine-levels",
    "odd-grid",
    "odd-size",
    "one-cell",
    "one-column",
    "one-pixel",
    "one-row",
    "padded",
    "quality-1",
    "quality-100",
    "quality-eighths",
    "sequence",
    "seven-levels",
    "still",
    "unknown-metadata",
)
LARGEST_FOLDER = 150_000


@pytest.fixture(scope="module")
def codec():
    return load_codec(HERE / "model.safetensors")


@pytest.fixture(scope="module")
def manifest():
    return json.loads((HERE / "manifest.json").read_text())


@pytest.fixture(params=NAMES)
def golden(request, manifest):
    """A stream, and what the manifest says of it."""
    return (HERE / f"{request.param}.cotam").read_bytes(), manifest["streams"][request.param]


def test_the_folder_holds_what_the_manifest_lists(manifest):
    assert sorted(path.stem for path in HERE.glob("*.cotam")) == sorted(manifest["streams"]) == sorted(NAMES)
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) < LARGEST_FOLDER


def test_the_model_is_the_one_of_the_manifest(codec, manifest):
    assert codec.model_id.hex() == manifest["model_id"]


def test_the_container_is_as_described_and_writes_the_same_bytes(golden, codec):
    data, entry = golden
    stream, info = read_stream(data), read_info(data)
    skipped = data.count(b"of a later release")
    assert (write_stream(stream) == data) == (not skipped)  # what a reader does not know is dropped
    assert stream.header.model_id == codec.model_id
    assert len(data) == entry["bytes"]
    assert (info.width, info.height, info.grey) == (entry["width"], entry["height"], entry["grey"])
    assert [frame.quality for frame in stream.frames] == [frame["quality"] for frame in entry["frames"]]


@pytest.mark.parametrize(("threads", "onednn"), [(1, True), (2, False)])
def test_the_latents_are_what_they_always_were(golden, codec, threads, onednn):
    data, entry = golden
    with cpu_settings(threads, onednn=onednn):
        digests = [digest_of(codec.decode_latents(still)) for still in streams_of_frames(data)]
        assert digest_of(codec.decode_latents(data)) == digests[0]
    assert digests == [frame["latents_sha256"] for frame in entry["frames"]]


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_networks_decode_the_same_latents(manifest):
    codec = compiled_codec(load_codec(HERE / "model.safetensors"))
    found = digest_of(codec.decode_latents((HERE / "still.cotam").read_bytes()))
    torch.compiler.reset()
    assert found == manifest["streams"]["still"]["frames"][0]["latents_sha256"]


def test_the_picture_has_the_size_and_the_colours_of_its_source(golden, codec):
    data, entry = golden
    picture = codec.decode(data)
    assert (picture.width, picture.height) == (entry["width"], entry["height"])
    assert picture.mode == ("L" if entry["grey"] else "RGB")


class RecordingReader(FrameReader):
    """Reads a frame and writes what it read into another."""

    made: ClassVar[list["RecordingReader"]] = []

    def __init__(self, data):
        super().__init__(data)
        self.again = FrameWriter()
        self.made.append(self)

    def read(self, indexes, tables):
        symbols = super().read(indexes, tables)
        self.again.add(symbols, indexes, tables)
        return symbols

    def read_entry(self, model):
        entry = super().read_entry(model)
        self.again.add_entry(entry, model)
        return entry


def test_encoding_the_decoded_symbols_gives_the_same_payload(golden, codec, monkeypatch):
    monkeypatch.setattr(codec_module, "FrameReader", RecordingReader)
    for still in streams_of_frames(golden[0]):
        RecordingReader.made.clear()
        codec.decode_latents(still)
        (reader,) = RecordingReader.made
        assert reader.again.to_bytes() == unpadded_payload(read_stream(still).frames[0].payload)


def test_the_golden_streams_reach_the_corners_of_the_format(codec):
    data = {name: (HERE / f"{name}.cotam").read_bytes() for name in NAMES}
    assert read_info(data["level-map"]).level_map.count == 3
    assert read_info(data["nine-levels"]).level_map.count == 9
    assert read_info(data["metadata"]).metadata == ("exif", "icc", "xmp")
    assert read_info(data["sequence"]).frames == 2
    assert read_info(data["grey-sequence"]).frames == 3
    assert [read_info(data[name]).level_map.count for name in ("five-levels", "seven-levels")] == [5, 7]
    assert read_info(data["finest-map"]).level_map.levels.shape == (128, 128)
    assert read_info(data["one-cell"]).level_map.levels.tolist() == [[-1]]
    beyond = codec.decode_latents(data["beyond-the-scale"]).steps
    assert (beyond.min(), beyond.max()) == (MIN_STEP, MAX_STEP)
    assert b"of a later release" in data["unknown-metadata"]
    assert read_stream(data["empty-payload"]).frames[0].payload == b""
    assert read_info(data["quality-1"]).quality == 1
    assert read_info(data["quality-100"]).quality == 100
    assert read_stream(data["padded"]).frames[0].payload.startswith(b"\0")
    values = codec.decode_latents(data["quality-100"]).latents.numpy()
    assert np.unique(values % 256).size > 60  # means all over the fraction
    assert np.abs(values).max() > 12 * 256  # beyond the largest table: escapes
    extreme = codec.decode_latents(data["extreme-latents"]).latents.numpy()
    assert extreme.max() > (MAX_SYMBOL - 1) * 256
    assert extreme.min() < -(MAX_SYMBOL - 1) * 256


def test_most_tables_are_used(codec, monkeypatch):
    used = set()

    class Watching(FrameReader):
        def read(self, indexes, tables):
            used.update(np.unique(indexes).tolist())
            return super().read(indexes, tables)

    monkeypatch.setattr(codec_module, "FrameReader", Watching)
    for name in NAMES:
        codec.decode_latents((HERE / f"{name}.cotam").read_bytes())
    assert len(used) > 40
    assert 0 in used
