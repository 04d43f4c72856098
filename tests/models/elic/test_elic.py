"""ELIC as a base codec: its published size, its training pass, and real streams that decode exactly."""

import copy

import numpy as np
import pytest
import torch

from cotam.adapters import LatentAdapter, LatentAdapterConfig, TransformNeck, TransformNeckConfig
from cotam.adapters.complexity import parameters
from cotam.checkpoint import load_model, write_model
from cotam.codec import LevelMap, load_codec
from cotam.entropy_models.structure import TABLES
from cotam.errors import BitstreamError, ModelError
from cotam.evaluation.variations import cpu_settings
from cotam.models.elic.codec import REDUCED, Elic, ElicConfig
from cotam.ops.fixed_point import FixedConv, IntegerConv
from cotam.ops.integers import ONE
from cotam.training.calibration import assumed_tables, gaussian_tables
from cotam.training.float_form import float_form

BRIDGE_NECK = 13.19e6
"""Parameters of the transform-neck in Bridge, table 1."""
PIXEL_DECODER = 7.34e6
"""Those of ELIC's synthesis, same table."""
PUBLIC_CHECKPOINT = 33_792_771
"""Those of the reimplementation that Bridge builds on, three quantiles for each hyper-latent channel included."""


@pytest.fixture(scope="module")
def published():
    return Elic()


@pytest.fixture(scope="module")
def picture(make_picture):
    return torch.from_numpy(make_picture(128, 192)).permute(2, 0, 1)[None].float() / 255 - 0.5


def code(network, x, step=400, **options):
    steps = torch.full((1, x.shape[-2] // 16, x.shape[-1] // 16), step)
    with torch.no_grad():
        return network(x, steps, torch.tensor([step]), **options)


def test_the_default_sizes_are_those_of_the_public_checkpoints(published):
    ours = sum(parameter.numel() for parameter in published.parameters())
    gains = sum(parameter.numel() for parameter in published.gains.parameters())
    assert ours - gains + 3 * 192 == PUBLIC_CHECKPOINT
    assert parameters(published.synthesis) == pytest.approx(PIXEL_DECODER, rel=1e-3)
    assert published.config.latents == 320


def test_the_neck_on_its_latents_has_the_papers_size(published):
    config = TransformNeckConfig(published.config.latents, 1024, (16, 16))
    assert parameters(TransformNeck(config)) == pytest.approx(BRIDGE_NECK, rel=5e-3)


def test_the_reduced_sizes_are_other_numbers_only():
    assert parameters(Elic(REDUCED)) < PUBLIC_CHECKPOINT / 8


def test_every_parameter_is_trained(make_elic, picture):
    network = make_elic().train()
    steps = torch.randint(8, 801, (1, 8, 12), generator=torch.Generator().manual_seed(0))
    out = network(picture, steps, torch.tensor([300]), torch.Generator().manual_seed(0))
    (out.x_hat.square().mean() + out.latent_bits.mean() + out.hyper_bits.mean()).backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert missing == []


def test_scaling_the_entropy_networks_changes_nothing_that_they_compute(make_elic, picture):
    network = make_elic()
    scaled = copy.deepcopy(network)
    scaled.equalise(lambda: code(scaled, picture, rounded=True))
    assert not torch.equal(scaled.context.spatial[2].weight, network.context.spatial[2].weight)
    before, after = (code(n, picture, rounded=True) for n in (network, scaled))
    torch.testing.assert_close(after.latent_bits, before.latent_bits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.x_hat, before.x_hat)


def test_activations_beyond_16_bits_cost_nothing_once_scaled(make_elic, picture):
    network = make_elic()
    synthesis = network.hyper_synthesis
    with torch.no_grad():
        synthesis.first.weight.mul_(2.0**12)
        synthesis.first.bias.mul_(2.0**12)
        synthesis.second.weight.div_(2.0**12)
    z = torch.randint(-4, 5, (1, 6, 2, 3)).float()
    expected = make_elic().hyper_synthesis(z).detach()
    assert (copy.deepcopy(synthesis)(z) - expected).abs().max() > 0.1  # it saturates
    network.equalise(lambda: (code(network, picture, rounded=True), synthesis(z)))
    scaled = synthesis(z).detach()
    found = network.to_integers().hyper_synthesis(z.double() * ONE) / ONE
    factors = (scaled / expected).log2().round().exp2()
    torch.testing.assert_close(scaled, expected * factors)
    assert scaled.abs().max() > 8
    assert (found - scaled).abs().max() < 0.02


def test_conversion_leaves_no_float_layer_in_the_entropy_networks(make_elic):
    network = make_elic().to_integers()
    layers = [*network.hyper_synthesis.modules(), *network.context.modules()]
    assert not any(isinstance(layer, FixedConv) for layer in layers)
    integers = [layer for layer in layers if isinstance(layer, IntegerConv)]
    assert len(integers) == 3 + 4 * 3 + 5 + 5 * 3
    assert all(layer.is_exact() for layer in integers)


def test_the_float_form_converts_back_to_the_same_integers(elic_path):
    network = load_model(elic_path).network
    again = float_form(network).to_integers()
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


@pytest.fixture(scope="module", params=["first and last", "all"])
def codec(request, elic_codec, make_elic, narrow_sizes, tmp_path_factory):
    """A codec whose groups see the first and the last group before them, or all."""
    if request.param != "all":
        return elic_codec
    network = make_elic(2, ElicConfig(**{**narrow_sizes, "all_groups": True})).to_integers()
    path = tmp_path_factory.mktemp("all") / "all.safetensors"
    write_model(path, network, assumed_tables(network), name="all", description="random weights for tests")
    return load_codec(path)


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (48, 80), (130, 70)])
@pytest.mark.parametrize("quality", [1, 50, 100])
def test_a_stream_gives_back_the_latents_that_were_coded(codec, make_picture, size, quality):
    analysis = codec.analyse(make_picture(*size))
    data = codec.encode_analysis(analysis, quality).data
    image = codec.decode_latents(data)
    assert image.y_hat.shape == analysis.y.shape == (20, -(-size[0] // 16), -(-size[1] // 16))
    assert codec.decode(data).size == size[::-1]
    if quality == 100:
        step = 1 / codec.network.gains.log_gains()[-1].exp().max()
        assert (
            image.y_hat - analysis.y
        ).abs().max() < 1.5 * step  # a symbol may be one less where that is cheap


def test_quality_makes_latents_finer_and_streams_longer(elic_codec, make_picture):
    analysis = elic_codec.analyse(make_picture(96, 96))
    errors, lengths = [], []
    for quality in (1, 30, 60, 100):
        data = elic_codec.encode_analysis(analysis, quality).data
        errors.append(float((elic_codec.decode_latents(data).y_hat - analysis.y).square().mean()))
        lengths.append(len(data))
    assert errors == sorted(errors, reverse=True)
    assert lengths == sorted(lengths)


def test_a_level_map_spends_where_it_says(elic_codec, make_picture):
    analysis = elic_codec.analyse(make_picture(128, 128))
    halves = LevelMap(np.array([[-1, 1]], np.int8), strength=25)
    data = elic_codec.encode_analysis(analysis, 50, halves).data
    error = (elic_codec.decode_latents(data).y_hat - analysis.y).square().mean((0, 1))
    assert error[:4].mean() > 2 * error[4:].mean()


def test_guidance_steers_it(elic_codec, make_picture):
    plain, guided = (elic_codec.encode(make_picture(128, 128), 50, guidance=g) for g in (None, "saliency"))
    assert elic_codec.decode_latents(plain).level_map is None
    assert elic_codec.decode_latents(guided).level_map is not None


@pytest.mark.parametrize(("threads", "onednn"), [(1, False), (2, True)])
def test_settings_and_batches_make_no_difference(elic_path, elic_codec, make_picture, threads, onednn):
    streams = [elic_codec.encode(make_picture(48, 80, seed), 20 + 30 * seed) for seed in range(3)]
    expected = [elic_codec.decode_latents(data).latents for data in streams]
    other = load_codec(elic_path, dtype="bfloat16")
    with cpu_settings(threads, onednn=onednn):
        for image, latents in zip(other.decode_latents_batch(streams), expected, strict=True):
            assert torch.equal(image.latents, latents)


def test_a_damaged_stream_is_refused(elic_codec, make_picture):
    data = bytearray(elic_codec.encode(make_picture(48, 80), 60))
    data[len(data) // 2] ^= 1
    with pytest.raises(BitstreamError):
        elic_codec.decode(bytes(data))


def test_adapter_and_neck_read_its_latents(elic_codec, make_picture):
    latents = elic_codec.decode_latents(elic_codec.encode(make_picture(64, 64), 60)).y_hat
    read = latents.flatten(1).T[None]
    for network in (
        LatentAdapter(LatentAdapterConfig(20, 64, (4, 4))),
        TransformNeck(TransformNeckConfig(20, 64, (4, 4))),
    ):
        with torch.no_grad():
            tokens = network(read)
        assert tokens.shape[-1] == 64
        assert torch.isfinite(tokens).all()


def test_its_model_file_has_a_table_for_each_hyper_latent_channel(elic_path, make_elic, tmp_path):
    model = load_model(elic_path)
    assert len(model.tables) == TABLES + 6
    network = make_elic().to_integers()
    path = tmp_path / "short.safetensors"
    write_model(path, network, gaussian_tables(), name="short", description="")
    with pytest.raises(ModelError, match="there must be 70 frequency tables, not 64"):
        load_model(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 0),
        ("width", 1),
        ("hyper", 193),
        ("groups", ()),
        ("groups", (16, 0, 1, 1, 1)),
        ("groups", (4096, 1, 1, 1, 1)),
        ("parameter_hidden", (8, 8)),
        ("channel_hidden", (8,)),
        ("all_groups", 1),
        ("nodes", 1),
    ],
)
def test_sizes_out_of_range_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field} must be|{field}.* two"):
        ElicConfig(**{field: value})
