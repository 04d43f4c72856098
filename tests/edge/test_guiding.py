"""A CLIP tower's attention on an edge runtime is that of transformers."""

import json
import shutil

import numpy as np
import pytest

from cotam.codec import Guide
from cotam.edge import NeedsTorchError
from cotam.edge.guiding import EdgeGuides
from cotam.errors import ModelError

RUNTIMES = ("onnx", "openvino")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", ["clip", "clip-and-text", "llava"])
@pytest.mark.parametrize(
    "options", ["layers=0-2", "layers=1/3,attention=received", "layers=0,levels=5,grid=4"]
)
def test_importance_and_levels_are_those_of_torch(checkpoint, make_picture, runtime, name, options):
    text = f"{checkpoint(name)}:{options}"
    on_edge, on_torch = EdgeGuides(runtime, 1).parse(text), Guide.parse(text)
    picture = make_picture(90, 120)
    expected = on_torch.source.importance(picture)
    assert np.allclose(on_edge.source.importance(picture), expected, atol=1e-3 * expected.std())
    assert on_edge.level_map(picture) == on_torch.level_map(picture)


@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_both_activations_of_clips_are_known(checkpoint, make_picture, tmp_path, activation):
    folder = tmp_path / activation
    shutil.copytree(checkpoint("clip"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_act": activation}))
    picture = make_picture(70, 70)
    expected = Guide.parse(str(folder)).source.importance(picture)
    found = EdgeGuides("onnx", 1).parse(str(folder)).source.importance(picture)
    assert np.allclose(found, expected, atol=1e-3 * expected.std())


def test_a_large_picture_is_looked_at_in_tiles(checkpoint, make_picture):
    text, picture = f"{checkpoint('clip')}:hierarchical=on", make_picture(150, 200)
    on_edge, on_torch = EdgeGuides("onnx", 1).parse(text), Guide.parse(text)
    found, expected = on_edge.source.importance(picture), on_torch.source.importance(picture)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-2)


def test_a_tower_is_loaded_once(checkpoint):
    guides = EdgeGuides("onnx", 1)
    text = str(checkpoint("clip"))
    assert guides.parse(text) is guides.parse(text)
    assert guides.parse(f"{text}:layers=0").source.tower is guides.parse(text).source.tower


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [("siglip", "", "edge runtimes know CLIP"), ("clip", ":prompt=a red sign", "prompt needs torch")],
)
def test_what_only_torch_can_do_says_so(checkpoint, name, options, problem):
    with pytest.raises(NeedsTorchError, match=problem):
        EdgeGuides("onnx", 1).parse(f"{checkpoint(name)}{options}")


def test_damaged_checkpoints_are_refused(checkpoint, tmp_path, make_picture):
    folder = tmp_path / "damaged"
    shutil.copytree(checkpoint("clip"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 9}))
    with pytest.raises(ModelError, match="the weights lack"):
        EdgeGuides("onnx", 1).parse(f"{folder}:layers=8").level_map(make_picture(32, 32))
    (folder / "config.json").write_text(json.dumps({"model_type": "clip_vision_model"}))
    with pytest.raises(ModelError, match="damaged"):
        EdgeGuides("onnx", 1).parse(str(folder))
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        EdgeGuides("onnx", 1).parse(str(folder))
