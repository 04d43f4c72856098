import dataclasses
from pathlib import Path

import pytest
import torch

from cotam.codec import Codec
from cotam.evaluation.exactness import QUALITIES, Sample, digest_of, make_samples, mismatches
from cotam.evaluation.synthetic import synthetic_picture
from cotam.evaluation.variations import always_compiled, compile_entropy_networks, cpu_settings, variations


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


def test_compiling_reaches_every_exact_layer(random_model_path: Path, monkeypatch: pytest.MonkeyPatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(module))
    codec = compile_entropy_networks(variations(str(random_model_path))[0].load())
    inside = {inner for module in compiled for inner in module.modules()}
    exact = {m for m in codec.network.modules() if type(m).__name__.startswith("Integer")}
    assert exact
    assert exact <= inside


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
