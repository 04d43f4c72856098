"""Counting, and the figures that Bridge states."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from cotam.adapters import TransformNeck
from cotam.adapters.complexity import Complexity, FirstLayers, measure
from cotam.ops.fixed_point import FixedConv

PICTURE = 256 * 256


def count(module: nn.Module, *shape: int, pixels: int = PICTURE) -> Complexity:
    x = torch.empty(*shape, device="meta")
    return measure("part", module, pixels, lambda: module(x))


def paper_neck() -> Complexity:
    with torch.device("meta"):
        neck = TransformNeck()
    return count(neck, 1, 256, 320)


def test_the_neck_has_the_papers_parameters() -> None:
    assert round(paper_neck().parameters / 1e6, 2) == 13.19


def test_the_neck_takes_the_papers_multiply_accumulates() -> None:
    billions = round(paper_neck().macs / 1e9, 2)
    assert billions == 3.46
    assert round(billions * 1e6 / PICTURE, 3) == 52.795


def test_the_towers_first_two_layers_have_the_papers_parameters() -> None:
    with torch.device("meta"):
        layers = FirstLayers(1024, 14, 2, 16)
    found = count(layers, 1, 3, 224, 224)
    assert found.parameters / 1e6 == pytest.approx(25.78, rel=1e-3)
    # The paper has 70.24; its own neck is half of such two layers, and counted the same way they come to this.
    assert found.kmacs_per_pixel == pytest.approx(105.24, abs=0.01)
    # 70.24 is what remains without the projections of attention and one of its two products, but with the GELUs.
    tokens, width, hidden = 257, 1024, 4096
    patches, mlps = 256 * 14 * 14 * 3 * width, 2 * tokens * (2 * width * hidden + hidden)
    assert round((patches + mlps + 2 * tokens**2 * width) / PICTURE / 1000, 2) == 70.24


def test_the_first_layers_count_as_those_of_a_real_tower(hf_tower: Callable[[str], nn.Module]) -> None:
    tower = hf_tower("clip")
    with torch.device("meta"):
        layers = FirstLayers(32, 16, 4, 4, mlp_ratio=2)
    assert (
        count(layers, 1, 3, 64, 64).macs
        == measure("tower", tower, 1, lambda: tower(torch.zeros(1, 3, 64, 64))).macs
    )


def test_products_and_biases_count_one_each() -> None:
    with torch.device("meta"):
        assert count(nn.Linear(5, 7), 2, 3, 5).macs == 6 * 7 * (5 + 1)
        assert count(nn.Linear(5, 7, bias=False), 2, 3, 5).macs == 6 * 7 * 5
        assert count(nn.Conv2d(4, 8, 3, stride=2, padding=1), 1, 4, 16, 16).macs == 64 * 8 * (4 * 9 + 1)
        assert count(nn.Conv2d(4, 4, 3, padding=1, groups=4), 1, 4, 16, 16).macs == 256 * 4 * (9 + 1)
        assert count(nn.ConvTranspose2d(4, 8, 2, stride=2, bias=False), 1, 4, 16, 16).macs == 256 * 4 * 8 * 4


@pytest.mark.parametrize("depthwise", [False, True])
def test_integer_layers_count_about_as_much_as_their_float_form(depthwise: bool) -> None:
    layer = FixedConv(12, 12, depthwise=depthwise)
    x, integers = torch.zeros(1, 12, 64, 64), layer.to_integers()
    float_form = measure("float", layer, 64, lambda: layer(x))
    integer_form = measure("integers", integers, 64, lambda: integers(x.double()))
    assert integer_form.parameters == float_form.parameters
    assert integer_form.macs == pytest.approx(float_form.macs, rel=0.15)


def test_only_the_pixels_given_divide() -> None:
    with torch.device("meta"):
        found = count(nn.Linear(10, 10, bias=False), 1, 10, pixels=50)
    assert found.kmacs_per_pixel == pytest.approx(0.002)
