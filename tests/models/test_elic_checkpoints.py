"""State dicts of others: both namings, both variants of the networks, and what is no ELIC."""

import re

import pytest
import torch

from cotam.models.elic import ElicConfig
from cotam.models.elic_checkpoints import read_elic
from cotam.models.foreign import ForeignError
from cotam.ops.fixed_point import ONE

NUMBERS = {"first": "0", "second": "2", "last": "4"}
CHANDELIER = {
    r"hyper_synthesis\.(\w+)": "h_s.{0}",
    r"hyper_analysis\.layers": "h_a",
    r"hyper_prior\.matrices\.": "entropy_bottleneck._matrix",
    r"hyper_prior\.biases\.": "entropy_bottleneck._bias",
    r"hyper_prior\.factors\.": "entropy_bottleneck._factor",
    r"context\.channel\.(\d)\.(\w+)": "cc_transforms.{0}.{1}",
    r"context\.spatial\.(\d)": "context_prediction.{0}",
    r"context\.parameter\.(\d)\.(\w+)": "ParamAggregation.{0}.{1}",
}
COMPRESSAI = {
    r"hyper_synthesis\.(\w+)": "latent_codec.hyper.h_s.{0}",
    r"hyper_analysis\.layers": "latent_codec.hyper.h_a",
    r"hyper_prior\.": "latent_codec.hyper.entropy_bottleneck.",
    r"context\.channel\.(\d)\.(\w+)": "latent_codec.y.channel_context.y{next}.{1}",
    r"context\.spatial\.(\d)": "latent_codec.y.latent_codec.y{0}.context_prediction",
    r"context\.parameter\.(\d)\.(\w+)": "latent_codec.y.latent_codec.y{0}.entropy_parameters.{1}",
}
"""How both name the parts, written down independently of the code under test."""


def renamed(name: str, naming: dict[str, str]) -> str:
    name = name.replace("analysis.layers", "g_a") if name.startswith("analysis") else name
    name = name.replace("synthesis.layers", "g_s") if name.startswith("synthesis") else name
    for pattern, target in naming.items():
        if match := re.match(pattern, name):
            words = [NUMBERS.get(word, word) for word in match.groups()]
            follows = str(int(words[0]) + 1) if words and words[0].isdigit() else ""
            return target.format(*words, next=follows) + name[match.end() :]
    return name


def foreign_state(network, naming, official=False):
    """A state dict as its authors' code would save the network."""
    state = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("gains") or name in ("hyper_prior.medians", "context.thresholds"):
            continue
        if re.fullmatch(r"hyper_synthesis\.(first|second)\.weight", name):
            tensor = tensor.transpose(0, 1)
        if official and name == "hyper_synthesis.last.weight":
            tensor = tensor.flip(2, 3).transpose(0, 1)
        if official and re.match(r"context\.parameter\.\d\.last", name):
            tensor = torch.cat(tensor.chunk(2)[::-1])
        state[renamed(name, naming)] = tensor.clone()
    prefix = "latent_codec.hyper." if naming is COMPRESSAI else ""
    quantiles = torch.zeros(network.config.hyper, 1, 3)
    quantiles[:, 0, 1] = network.hyper_prior.medians / ONE
    state[f"{prefix}entropy_bottleneck.quantiles"] = quantiles
    state[f"{prefix}entropy_bottleneck._offset"] = torch.zeros(0, dtype=torch.int32)
    state[f"{prefix}entropy_bottleneck.target"] = torch.zeros(3)
    return state


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
    assert found.report.missing == found.report.unexpected == []
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
    del state["g_s.14.bias"]
    with pytest.raises(ForeignError, match=r"it lacks synthesis.layers.14.bias"):
        read_elic(state)


def test_a_weight_of_another_shape_is_named(case):
    _, state = case
    state["g_a.4.weight"] = torch.zeros(8, 8, 3, 3)
    with pytest.raises(
        ForeignError, match=r"analysis.layers.4.weight is \(8, 8, 3, 3\), where \(8, 8, 5, 5\)"
    ):
        read_elic(state)


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
