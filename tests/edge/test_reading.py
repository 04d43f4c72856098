"""Models that the edge runtimes do not have: one clear error, or torch where the choice was left open."""

import pytest

from cotam.cli.runtimes import Machine
from cotam.codec import Codec
from cotam.edge import NeedsTorchError, export_graphs, load_edge_codec


def test_another_architecture_needs_torch(elic_path, tmp_path):
    problem = r"narrow\.safetensors: architecture 'elic' needs torch \(--runtime torch\)"
    for ask in (load_edge_codec, lambda path: export_graphs(tmp_path / "graphs", path)):
        with pytest.raises(NeedsTorchError, match=problem):
            ask(elic_path)


def test_a_runtime_left_open_is_torch_for_another_architecture(elic_path, make_picture):
    codec = Machine("auto", None, None).load(str(elic_path))
    assert isinstance(codec, Codec)
    assert codec.decode(codec.encode(make_picture(40, 64), 50)).size == (64, 40)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_runtime_that_was_asked_for_is_not_replaced(elic_path, runtime):
    with pytest.raises(NeedsTorchError, match="'elic' needs torch"):
        Machine(runtime, None, None).load(str(elic_path))
