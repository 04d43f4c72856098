import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.codec import Codec, load_codec
from cotam.codec.temporal import load_temporal_codec
from cotam.edge import EdgeCodec
from cotam.evaluation.exactness import QUALITIES, Sample, digest_of, make_samples, mismatches
from cotam.evaluation.frames import last_latents, predicted_sequence, streams_of_frames
from cotam.evaluation.synthetic import synthetic_picture
from cotam.evaluation.variations import (
    always_compiled,
    compiled_codec,
    compiled_temporal,
    cpu_settings,
    variations,
)


@pytest.fixture(scope="module")
def samples(random_codec: Codec) -> list[Sample]:
    """Streams of three pictures of two sizes."""
    sizes = ((48, 40), (48, 40), (33, 17))
    return [
        sample
        for seed, (width, height) in enumerate(sizes)
        for sample in make_samples(random_codec, str(seed), synthetic_picture(width, height, seed))
    ]


def test_every_variation_decodes_the_same_integers(samples, random_model_path: Path):
    ways = variations(str(random_model_path))
    assert {"1 thread", "2 threads", "oneDNN off", "batch of 8", "bfloat16 transforms"} <= {
        w.name for w in ways
    }
    for way in ways:
        assert list(mismatches(way, way.load(), samples)) == [None] * len(samples), way.name


def test_all_qualities_and_non_uniform_maps_are_tried(samples):
    assert {sample.quality for sample in samples} == set(QUALITIES)
    assert {sample.uniform for sample in samples} == {True, False}


def test_one_changed_integer_is_a_mismatch(samples, random_model_path: Path):
    way = variations(str(random_model_path))[0]
    wrong = dataclasses.replace(samples[1], digest="0" * 64)
    (found,) = mismatches(way, way.load(), [wrong])
    assert (found.variation, found.picture, found.quality) == (way.name, "0", samples[1].quality)


def test_every_bit_of_the_latents_and_their_shape_are_in_the_digest(samples, random_codec: Codec):
    image = random_codec.decode_latents(samples[0].data)
    changed = image.latents.clone()
    changed[0, 0, 0] += 1
    turned = dataclasses.replace(image, latents=image.latents.transpose(1, 2).reshape(image.latents.shape))
    reshaped = dataclasses.replace(image, latents=image.latents.flatten())
    others = [dataclasses.replace(image, latents=changed), turned, reshaped]
    assert digest_of(image) == samples[0].digest
    assert samples[0].digest not in {digest_of(other) for other in others}


def test_settings_come_back(samples):
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    with cpu_settings(2, onednn=False):
        assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == (2, False)
    assert (torch.get_num_threads(), torch.backends.mkldnn.enabled) == before


@pytest.mark.parametrize("model", ["random_model_path", "elic_path"])
def test_compiling_reaches_every_exact_layer(model, request, monkeypatch: pytest.MonkeyPatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(module))
    codec = compiled_codec(load_codec(request.getfixturevalue(model)))
    assert exact_layers(codec.network)
    assert exact_layers(codec.network) <= within(compiled)


def test_compiling_reaches_the_exact_layers_of_predicted_frames(
    shipped_codec: Codec, monkeypatch: pytest.MonkeyPatch
):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(module))
    temporal = compiled_temporal(load_temporal_codec(shipped_codec))
    assert exact_layers(temporal.coder.temporal) <= within(compiled)


def exact_layers(network: torch.nn.Module) -> set[torch.nn.Module]:
    return {module for module in network.modules() if type(module).__name__.startswith("Integer")}


def within(modules: list[torch.nn.Module]) -> set[torch.nn.Module]:
    return {inner for module in modules for inner in module.modules()}


@pytest.fixture(scope="module")
def moved(shipped_codec: Codec) -> list[Sample]:
    """Samples of a sequence of predicted frames."""
    picture = synthetic_picture(96, 64)
    frames = [np.ascontiguousarray(picture[:, n : n + 64]) for n in (0, 8, 16)]
    data = predicted_sequence(load_temporal_codec(shipped_codec), frames)
    return [
        Sample("moved", 40.0, True, alone, digest_of(last_latents(shipped_codec, alone)))
        for alone in streams_of_frames(data)
    ]


def test_predicted_frames_are_decoded_from_their_key_frame_on(moved):
    ways = [way for way in variations() if not isinstance(way.load(), EdgeCodec)]
    assert len({sample.digest for sample in moved}) == 3
    for way in ways:
        assert list(mismatches(way, way.load(), moved)) == [None] * 3, way.name
    spoilt = dataclasses.replace(moved[2], digest=moved[1].digest)
    (found,) = mismatches(ways[0], ways[0].load(), [spoilt])
    assert found is not None
    assert found.problem == moved[2].digest


def test_an_edge_codec_is_not_asked_for_predicted_frames(moved):
    edge = object.__new__(EdgeCodec)
    assert list(mismatches(variations()[0], edge, moved)) == []


class Doubling(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + x


def test_what_is_called_compiled_is_never_quietly_run_without_compiling():
    from torch._dynamo import config as dynamo
    from torch._dynamo.exc import FailOnRecompileLimitHit

    def through_one_after_the_other(limit: int) -> None:
        layer = Doubling()
        layer.compile(backend="eager", dynamic=False)
        with always_compiled(), dynamo.patch(recompile_limit=limit):
            for size in range(2, 7):
                layer(torch.zeros(size))

    torch.compiler.reset()
    through_one_after_the_other(dynamo.recompile_limit)
    torch.compiler.reset()
    with pytest.raises(FailOnRecompileLimitHit):
        through_one_after_the_other(2)
    torch.compiler.reset()
