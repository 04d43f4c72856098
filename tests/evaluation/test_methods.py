from pathlib import Path

import numpy as np
import pytest

from cotam.checkpoint import find_model
from cotam.errors import ModelError
from cotam.evaluation.methods import (
    ABLATIONS,
    METHODS,
    AblationGuidance,
    check_names,
    load_methods,
    method_names,
)
from cotam.evaluation.methods.ablations import system_named
from cotam.evaluation.methods.cotam import with_embedded_tower
from cotam.evaluation.synthetic import synthetic_picture

PIXELS = synthetic_picture(80, 64)
SALIENCY = AblationGuidance("saliency:grid=4", "saliency:grid=2")


@pytest.fixture
def load(random_model_path: Path):
    return lambda *names: load_methods(names, str(random_model_path), SALIENCY)


def test_png_shows_the_original_at_its_one_rate(load):
    (method,) = load("png")
    data = method.encoder(PIXELS)(100).data
    assert method.lossless
    assert np.array_equal(method.shown(data, method.decode(data)), PIXELS)


@pytest.mark.parametrize(
    ("name", "mode", "adapter", "guided"),
    [
        ("cotam-s", "pixels", None, False),
        ("cotam-s+saliency", "pixels", None, True),
        ("cotam-s+saliency+roi:1,2,30,40", "pixels", None, True),
        ("cotam-s+adapter", "adapter", None, False),
        ("cotam-s+saliency:grid=4+adapter=other-1.safetensors", "adapter", "other-1.safetensors", True),
        ("bridge-d1", "neck", "d1", False),
        ("full", "adapter", None, True),
        ("full-joint", "adapter", None, True),
        ("without adapter", "pixels", None, True),
        ("without-guidance", "adapter", None, False),
        ("without-reconstruction-prior", "neck", "no-prior", True),
        ("cotam-s+neck", "neck", None, False),
        ("only L_high", "adapter", "high-only", True),
        ("only-l-low", "adapter", "low-only", True),
        ("deep-layer-guidance", "adapter", None, True),
        ("random guidance", "adapter", None, True),
    ],
)
def test_a_name_says_mode_adapter_and_guidance(load, name, mode, adapter, guided):
    (method,) = load(name)
    assert (method.mode, method.adapter) == (mode, adapter)
    assert (method.codec.guide is not None) == guided
    assert method.name == (system_named(name) or name)
    data = method.encoder(PIXELS)(30).data
    decoded = method.decode(data)
    shown = method.shown(data, decoded)
    assert shown is (decoded if mode == "pixels" else data)
    assert (decoded is None) == (mode == "neck")
    assert method.stream_codec is (None if mode == "pixels" else method.codec.codec)


def test_ablations_differ_in_their_level_maps(load):
    methods = load("full", "deep-layer-guidance", "random-guidance")
    maps = [method.codec.guide.level_map(PIXELS) for method in methods]
    assert maps[0] != maps[1]
    assert maps[0] != maps[2]


@pytest.mark.parametrize("name", ["png", "jpeg", "webp", "cotam-s", "cotam-s+saliency"])
def test_a_budget_is_kept_where_it_can_be_and_said_to_be_broken_where_not(load, name):
    (method,) = load(name)
    fit = method.fitter(PIXELS)
    wide, narrow = fit(20_000), fit(5)
    assert wide.fits
    assert len(wide.data) <= 20_000
    assert not narrow.fits
    assert len(narrow.data) > 5


def test_a_larger_budget_is_used(load):
    (method,) = load("jpeg")
    small, large = method.fitter(PIXELS)(1500), method.fitter(PIXELS)(3000)
    assert small.fits
    assert 1500 < len(large.data) <= 3000


def test_a_list_of_names_keeps_commas_inside_guidance():
    text = (
        "jpeg,cotam-s+clip:layers=0-2,grid=8+adapter, full,without adapter,cotam-s+saliency,png,"
        "cotam-s-d2+clip:layers=0-2,grid=8,cotam-s-d2,cotam-s"
    )
    assert method_names(text) == [
        "jpeg",
        "cotam-s+clip:layers=0-2,grid=8+adapter",
        "full",
        "without adapter",
        "cotam-s+saliency",
        "png",
        "cotam-s-d2+clip:layers=0-2,grid=8",
        "cotam-s-d2",
        "cotam-s",
    ]


@pytest.mark.parametrize("names", [["gif"], ["jpeg", "bridge-d4"], ["cotam"], ["cotam-s-d4+adapter"], []])
def test_unknown_names_are_refused_with_those_that_are_known(names):
    with pytest.raises(ValueError, match="png, jpeg, webp, avif, cotam-s, bridge-d1"):
        check_names(names)


@pytest.mark.parametrize(
    "name", ["cotam-s+", "cotam-s+saliency++adapter", "cotam-s+nonsense", "cotam-s+adapter+x"]
)
def test_guidance_that_is_none_is_refused(load, name):
    with pytest.raises(ValueError, match=r"plus sign|unknown guidance"):
        load(name)


@pytest.mark.parametrize("setting", ["d2", "d3"])
def test_a_neck_that_was_trained_with_its_codec_gets_that_codecs_streams(load, setting):
    (method,) = load(f"bridge-{setting}")
    assert (method.mode, method.adapter) == ("neck", setting)
    assert method.codec.codec.model_id.hex() == find_model(f"cotam-s-{setting}").model_id


def test_another_codec_that_ships_stands_in_the_place_of_the_usual_one(load, random_model_path):
    pictures, usual = load("cotam-s-d2+saliency", "cotam-s")
    assert pictures.codec.codec.model_id.hex() == find_model("cotam-s-d2").model_id
    assert usual.codec.codec.model_id.hex() == find_model(random_model_path).model_id
    assert pictures.mode == "pixels"


def test_a_codec_that_does_not_ship_is_named():
    with pytest.raises(ModelError, match="unknown model 'cotam-x'"):
        load_methods(["bridge-d1"], "cotam-x")


def test_every_ablation_stands_among_the_methods():
    assert set(ABLATIONS) < set(METHODS)


def test_the_embedded_tower_is_found_wherever_guidance_names_one(monkeypatch):
    monkeypatch.setattr("cotam.mllm.shipped.embedded_checkpoint", lambda: Path("/x/y"))
    assert with_embedded_tower("levelvqa:layers=0-2+saliency") == "/x/y:layers=0-2+saliency"
    assert with_embedded_tower("saliency+levelvqa") == "saliency+/x/y"
    assert with_embedded_tower("random:like=levelvqa,seed=3") == "random:like=/x/y,seed=3"
    assert with_embedded_tower("my/levelvqa:layers=1") == "my/levelvqa:layers=1"


def test_settings_tell_the_guidance_as_it_was_written_and_the_adapter(load):
    settings = load("cotam-s+saliency:grid=4+adapter=one")[0].settings
    assert settings.endswith("guidance saliency:grid=4, adapter one")
