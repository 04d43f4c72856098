"""Encoding and decoding in a process in which torch cannot be imported."""

import subprocess
import sys

import pytest
from PIL import Image

from cotam.cli import main

BLOCKED = """
import sys
sys.modules["torch"] = sys.modules["transformers"] = None  # as if they were not installed
from cotam.cli import main
main()
"""


def without_torch(*arguments):
    command = [sys.executable, "-c", BLOCKED, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def picture(tmp_path_factory, make_picture):
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    Image.fromarray(make_picture(64, 96)).save(path)
    return path


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_picture_is_guided_encoded_and_decoded(runtime, picture, random_model_path, checkpoint, tmp_path):
    stream, decoded = tmp_path / "a.cotam", tmp_path / "a.png"
    common = ("--model", random_model_path, "--runtime", runtime, "--threads", 1)
    ran = without_torch("encode", picture, stream, *common, "--guidance", checkpoint("clip"), "--grid", 4)
    assert ran.returncode == 0, ran.stderr
    ran = without_torch("decode", stream, decoded, *common)
    assert ran.returncode == 0, ran.stderr
    assert Image.open(decoded).size == (96, 64)


def test_the_stream_is_the_one_that_torch_writes_but_for_ties(picture, tmp_path):
    edge, torch = tmp_path / "edge.cotam", tmp_path / "torch.cotam"
    ran = without_torch("encode", picture, edge, "--runtime", "auto")
    assert ran.returncode == 0, ran.stderr
    with pytest.raises(SystemExit):
        main(["encode", str(picture), str(torch), "--runtime", "torch"])
    assert abs(edge.stat().st_size - torch.stat().st_size) <= 4


def test_asking_for_torch_says_that_it_is_missing(picture, tmp_path):
    ran = without_torch("encode", picture, tmp_path / "a.cotam", "--runtime", "torch")
    assert ran.returncode != 0
    assert "torch" in ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
