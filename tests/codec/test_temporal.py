"""Predicted frames: exact round trips, what they cost, and what a lost frame spoils."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.bitstream import FrameRecord, StreamHeader
from cotam.checkpoint.temporal import write_temporal
from cotam.codec import Codec, LevelMap
from cotam.codec.frame_decoding import FrameDecoder
from cotam.codec.frame_encoding import FrameEncoder
from cotam.codec.temporal import TemporalCodec, load_temporal_codec
from cotam.errors import BitstreamError, ModelError
from cotam.models.temporal import TemporalNetworks
from cotam.training.float_form import float_form

SIZE = (96, 136)


def networks_for(codec: Codec, *, random: bool) -> TemporalNetworks:
    """Networks as they are before training, or with weights that are nowhere tidy."""
    networks = TemporalNetworks.beginning_with(float_form(codec.network))
    if random:
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for parameter in networks.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.03)
    return networks.to_integers()


def make_temporal(codec: Codec, folder: Path, *, random: bool) -> TemporalCodec:
    path = folder / "temporal.safetensors"
    networks = networks_for(codec, random=random)
    write_temporal(path, networks, name="test", base_id=codec.model_id.hex(), description="for tests")
    return load_temporal_codec(codec, path)


@pytest.fixture(scope="module")
def temporal(random_codec: Codec, tmp_path_factory: pytest.TempPathFactory) -> TemporalCodec:
    return make_temporal(random_codec, tmp_path_factory.mktemp("temporal"), random=True)


@pytest.fixture(scope="module")
def shipped(shipped_codec: Codec, tmp_path_factory: pytest.TempPathFactory) -> TemporalCodec:
    """The shipped base model with networks as they are before training."""
    return make_temporal(shipped_codec, tmp_path_factory.mktemp("temporal"), random=False)


@pytest.fixture(scope="module")
def canvas(make_picture) -> np.ndarray:
    rng = np.random.default_rng(5)
    picture = make_picture(SIZE[0] + 80, SIZE[1] + 80).astype(int)
    blocks = rng.integers(-60, 60, (picture.shape[0] // 8, picture.shape[1] // 8, 3))
    picture += np.kron(blocks, np.ones((8, 8, 1), int))[: picture.shape[0], : picture.shape[1]]
    return np.clip(picture, 0, 255).astype(np.uint8)


def look(canvas: np.ndarray, row: int, column: int) -> np.ndarray:
    return np.ascontiguousarray(canvas[row : row + SIZE[0], column : column + SIZE[1]])


def header_of(temporal: TemporalCodec) -> StreamHeader:
    return StreamHeader(SIZE[1], SIZE[0], temporal.codec.model_id, sequence=True, version=2)


def decoder_of(temporal: TemporalCodec) -> FrameDecoder:
    return FrameDecoder(temporal.codec, header_of(temporal), temporal)


def encode(temporal: TemporalCodec, frames, quality: float = 40, **options) -> list[FrameRecord]:
    encoder = FrameEncoder(temporal, **options)
    return [encoder.encode(temporal.codec.analyse(frame), quality) for frame in frames]


def decode(temporal: TemporalCodec, records) -> list[torch.Tensor]:
    decoder = decoder_of(temporal)
    return [decoder.decode(record).latents for record in records]


def test_predicted_frames_decode_to_what_the_encoder_had(temporal: TemporalCodec, canvas: np.ndarray) -> None:
    encoder = FrameEncoder(temporal)
    decoder = decoder_of(temporal)
    for n in range(4):
        record = encoder.encode(temporal.codec.analyse(look(canvas, 3 * n, 5 * n)), 50)
        assert encoder._before is not None
        assert torch.equal(decoder.decode(record).latents, encoder._before.values.to(torch.int64))
        assert torch.equal(decoder._before.steps, encoder._before.steps)


def test_quality_and_level_map_may_change_from_frame_to_frame(
    temporal: TemporalCodec, canvas: np.ndarray
) -> None:
    encoder, decoder = FrameEncoder(temporal), decoder_of(temporal)
    finer = LevelMap(np.array([[1, 0, -1], [0, 0, 1]], np.int8), 3, 10)
    for quality, level_map in ((30, None), (60, finer), (20.5, None), (20.5, finer)):
        analysis = temporal.codec.analyse(look(canvas, 0, 0))
        image = decoder.decode(encoder.encode(analysis, quality, level_map))
        assert torch.equal(image.latents, encoder._before.values.to(torch.int64))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_bit(temporal: TemporalCodec, canvas: np.ndarray, threads: int) -> None:
    frames = [look(canvas, 0, 0), look(canvas, 2, 7)]
    records = encode(temporal, frames)
    expected = decode(temporal, records)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert all(torch.equal(a, b) for a, b in zip(decode(temporal, records), expected, strict=True))
    finally:
        torch.set_num_threads(before)


def test_a_still_clip_costs_next_to_nothing(shipped: TemporalCodec, canvas: np.ndarray) -> None:
    records = encode(shipped, [look(canvas, 0, 0)] * 4)
    assert [record.predicted for record in records] == [False, True, True, True]
    assert all(len(record.payload) < 0.05 * len(records[0].payload) for record in records[1:])


def test_a_panned_clip_costs_a_fraction_of_key_frames(shipped: TemporalCodec, canvas: np.ndarray) -> None:
    frames = [look(canvas, 3 * n, 7 * n) for n in range(4)]
    predicted = sum(len(record.payload) for record in encode(shipped, frames)[1:])
    alone = sum(len(record.payload) for record in encode(shipped, frames, key_interval=1)[1:])
    assert predicted < 0.5 * alone


def test_frames_that_have_nothing_in_common_cost_no_more_than_key_frames(
    shipped: TemporalCodec, canvas: np.ndarray, make_picture
) -> None:
    frames = [look(canvas, 0, 0), make_picture(*SIZE, seed=9), look(canvas, 40, 70)[::-1].copy()]
    predicted = sum(len(record.payload) for record in encode(shipped, frames))
    alone = sum(len(record.payload) for record in encode(shipped, frames, key_interval=1))
    assert predicted <= 1.01 * alone


def test_the_key_interval_is_kept(temporal: TemporalCodec, canvas: np.ndarray) -> None:
    records = encode(temporal, [look(canvas, 0, 0)] * 7, key_interval=3)
    assert [record.predicted for record in records] == [False, True, True, False, True, True, False]


def test_a_predicted_frame_without_its_reference_is_refused(
    temporal: TemporalCodec, canvas: np.ndarray
) -> None:
    records = encode(temporal, [look(canvas, 0, 0), look(canvas, 1, 1)])
    with pytest.raises(BitstreamError, match="next key frame"):
        decoder_of(temporal).decode(records[1])


def test_a_lost_frame_spoils_nothing_beyond_the_next_key_frame(
    temporal: TemporalCodec, canvas: np.ndarray
) -> None:
    records = encode(temporal, [look(canvas, n, n) for n in range(6)], key_interval=3)
    expected = decode(temporal, records)
    decoder = decoder_of(temporal)
    decoder.decode(records[0])
    decoder.forget()
    with pytest.raises(BitstreamError):
        decoder.decode(records[2])
    assert all(torch.equal(decoder.decode(records[n]).latents, expected[n]) for n in (3, 4, 5))


def test_damaged_payloads_are_refused_or_decode_and_never_crash(
    temporal: TemporalCodec, canvas: np.ndarray
) -> None:
    key, predicted = encode(temporal, [look(canvas, 0, 0), look(canvas, 9, 20)])
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(12):
        payload = bytearray(predicted.payload)
        payload[int(rng.integers(len(payload)))] ^= int(rng.integers(1, 256))
        decoder = decoder_of(temporal)
        decoder.decode(key)
        try:
            decoder.decode(replace(predicted, payload=bytes(payload)))
        except BitstreamError:
            refused += 1
    assert refused >= 10


def test_networks_of_another_base_model_are_refused(
    shipped_codec: Codec, temporal: TemporalCodec, tmp_path: Path
) -> None:
    path = tmp_path / "other.safetensors"
    networks = networks_for(temporal.codec, random=False)
    write_temporal(path, networks, name="other", base_id="00112233", description="")
    with pytest.raises(ModelError, match="made for model 00112233"):
        load_temporal_codec(shipped_codec, path)


def test_frames_predicted_by_other_networks_are_refused(
    random_codec: Codec, temporal: TemporalCodec, canvas: np.ndarray, tmp_path: Path
) -> None:
    key, predicted = encode(temporal, [look(canvas, 0, 0), look(canvas, 1, 1)])
    decoder = decoder_of(make_temporal(random_codec, tmp_path, random=False))
    decoder.decode(key)
    with pytest.raises(BitstreamError, match="damaged"):
        decoder.decode(predicted)


def test_a_sequence_of_another_model_is_refused(temporal: TemporalCodec) -> None:
    header = replace(header_of(temporal), model_id=b"abcd")
    with pytest.raises(ModelError, match="61626364"):
        FrameDecoder(temporal.codec, header, temporal)


def test_an_interval_below_one_is_refused(temporal: TemporalCodec) -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        FrameEncoder(temporal, 0)
