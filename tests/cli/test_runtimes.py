"""``--runtime``: which one is taken, and what is said where one cannot be."""

import pytest

from cotam.cli.runtimes import chosen_runtime
from cotam.edge import runtimes
from cotam.errors import ModelError


@pytest.fixture
def installed(monkeypatch):
    """Makes just these packages look installed."""

    def only(*packages):
        monkeypatch.setattr(runtimes, "find_spec", lambda name: name if name in packages else None)

    return only


def test_auto_takes_the_fastest_that_is_installed(installed):
    installed("onnx", "onnxruntime", "openvino")
    assert chosen_runtime("auto", None) == "openvino"
    installed("onnx", "onnxruntime")
    assert chosen_runtime("auto", None) == "onnx"
    installed()
    assert chosen_runtime("auto", None) == "torch"


def test_auto_takes_torch_for_what_only_torch_can_do(installed):
    installed("onnx", "onnxruntime", "openvino")
    assert chosen_runtime("auto", "cpu") == "torch"
    assert chosen_runtime("auto", None, "--prompt") == "torch"


def test_a_runtime_that_is_not_installed_names_the_extra(installed):
    installed("onnx")
    for name in ("onnx", "openvino"):
        with pytest.raises(ModelError, match=r"not installed: pip install 'cotam\[edge\]'"):
            chosen_runtime(name, None)


def test_a_missing_torch_is_said_in_one_line(installed, monkeypatch):
    installed()
    monkeypatch.setattr("cotam.cli.runtimes.find_spec", lambda _: None)
    with pytest.raises(
        ModelError, match=r"pip install torch; or, to do without, pip install 'cotam\[edge\]'"
    ):
        chosen_runtime("auto", None)
    with pytest.raises(ModelError, match="--min-similarity needs torch"):
        chosen_runtime("auto", None, "--min-similarity")


def test_options_that_do_not_go_together_are_refused(installed):
    installed("onnx", "onnxruntime", "openvino")
    with pytest.raises(ValueError, match="--device needs --runtime torch"):
        chosen_runtime("onnx", "cpu")
    with pytest.raises(ValueError, match="--runtime must be one of auto, torch, openvino, onnx"):
        chosen_runtime("tpu", None)
