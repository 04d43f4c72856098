"""State dicts of others: both namings, both variants of the networks, and what is no ELIC."""

import pytest
import torch
from elic_models import CHANDELIER, COMPRESSAI, foreign_state

from cotam.evaluation.memory import peak_memory
from cotam.models.elic.checkpoints import read_elic
from cotam.models.elic.codec import ElicConfig
from cotam.models.foreign import ForeignError

MAX_GROWTH = 100_000_000
NARROW_ALL = {"all_groups": True}
CASES = {
    "bridge": (CHANDELIER, False, {}),
    "compressai-chandelier": (COMPRESSAI, False, {}),
    "compressai-official": (COMPRESSAI, True, NARROW_ALL),
}


@pytest.fixture(params=CASES)
def case(request, make_elic, narrow_sizes):
    """A network, and its state dict in one of the namings."""
    naming, official, sizes = CASES[request.param]
    network = make_elic(5, ElicConfig(**{**narrow_sizes, **sizes}))
    return network, foreign_state(network, naming, official)


def test_every_weight_comes_back(case):
    network, state = case
    found = read_elic(state)
    assert found.network.config == ElicConfig(**{**vars(network.config), "nodes": 8})
    for name, tensor in network.state_dict().items():
        if not name.startswith("gains"):
            assert torch.equal(found.network.state_dict()[name], tensor), name
    assert found.report.unexpected == []
    assert len(found.report.unneeded) == 2
    assert set(found.report.matched) | set(found.report.unneeded) == set(state)


def test_keys_of_other_parts_are_reported_and_left_out(case):
    _, state = case
    state |= {
        "llm_trans_encoder.linear.weight": torch.zeros(2, 2),
        "gaussian_conditional.scale_table": torch.zeros(64),
    }
    report = read_elic(state).report
    assert report.unexpected == ["llm_trans_encoder.linear.weight"]
    assert "gaussian_conditional.scale_table" in report.unneeded


def test_a_missing_layer_is_named(case):
    _, state = case
    for key in ("g_s.14.bias", "g_a.1.conv2.weight", "g_a.1.conv2.bias"):
        del state[key]
    with pytest.raises(ForeignError, match=r"it lacks analysis.layers.1.* and 1 more") as caught:
        read_elic(state)
    assert caught.value.missing == (
        "analysis.layers.1.conv2.bias",
        "analysis.layers.1.conv2.weight",
        "synthesis.layers.14.bias",
    )


def test_small_weights_do_not_get_large_networks(case):
    _, state = case
    before = peak_memory()
    state["g_a.0.weight"] = torch.zeros(4096, 3, 5, 5)
    with pytest.raises(ForeignError, match=r"where \(4096\,\) fits"):
        read_elic(state)
    assert peak_memory() - before < MAX_GROWTH


def test_a_weight_of_any_shape_is_refused(case):
    _, state = case
    for part in ("h_s.0.weight", "h_s.4.weight", "quantiles", "4.bias", "conv1.weight"):
        key = next(key for key in sorted(state) if key.endswith(part))
        for shape in ((), (0,), (3,), (2, 0, 5), (1, 2, 3, 4, 5)):
            with pytest.raises(ForeignError):
                read_elic({**state, key: torch.zeros(shape)})


def test_a_checkpoint_without_a_context_is_refused(case):
    _, state = case
    without = {key: tensor for key, tensor in state.items() if "context_prediction" not in key}
    with pytest.raises(ForeignError, match=r"lacks context.spatial.0.weight"):
        read_elic(without)
    without = {key: tensor for key, tensor in state.items() if key.startswith(("g_a", "g_s"))}
    with pytest.raises(ForeignError, match=r"lacks context.spatial.0.weight"):
        read_elic(without)


def test_medians_beyond_16_bits_are_refused(case):
    _, state = case
    key = next(key for key in state if key.endswith("quantiles"))
    state[key][2, 0, 1] = 1e9
    with pytest.raises(ForeignError, match=r"medians are beyond"):
        read_elic(state)


def test_few_groups_are_no_sign_of_the_official_layers(make_elic, narrow_sizes):
    sizes = {**narrow_sizes, "groups": (2, 4), "parameter_hidden": (12, 8) * 2}
    network = make_elic(5, ElicConfig(**sizes))
    found = read_elic(foreign_state(network, COMPRESSAI))
    assert found.report.layout.endswith("Elic2022Chandelier")
    for name in ("hyper_synthesis.last.weight", "context.parameter.1.last.bias"):
        assert torch.equal(found.network.state_dict()[name], network.state_dict()[name]), name


def test_a_weight_of_another_shape_is_named(case):
    _, state = case
    state["g_a.4.weight"] = torch.zeros(8, 8, 3, 3)
    with pytest.raises(
        ForeignError, match=r"analysis.layers.4.weight is \(8, 8, 3, 3\), where \(8, 8, 5, 5\)"
    ):
        read_elic(state)


def test_the_taps_of_the_spatial_context_must_be_the_checkerboards(case):
    _, state = case
    weight = next(key for key in state if "context_prediction" in key and key.endswith("weight"))
    taps = torch.zeros_like(state[weight])
    taps[..., ::2, 1::2] = taps[..., 1::2, ::2] = 1
    mask = weight.replace("weight", "mask")
    assert mask in read_elic({**state, mask: taps}).report.unneeded
    for other in (1 - taps, torch.ones(5), torch.ones(())):
        with pytest.raises(ForeignError, match="mask is no checkerboard"):
            read_elic({**state, mask: other})


def test_a_weight_that_is_no_number_is_named(case):
    _, state = case
    state["g_a.0.bias"][0] = torch.nan
    with pytest.raises(ForeignError, match=r"analysis.layers.0.bias holds other than finite"):
        read_elic(state)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"conv1.weight": torch.zeros(4, 3, 7, 7)},
        {"g_a.0.weight": torch.zeros(128, 3, 5, 5), "g_a.1.beta": torch.zeros(128)},  # bmshj2018 and its kin
        {"g_a.0.weight": torch.zeros(3)},
    ],
)
def test_another_architecture_is_refused(state):
    with pytest.raises(ForeignError, match="no ELIC checkpoint"):
        read_elic(state)
