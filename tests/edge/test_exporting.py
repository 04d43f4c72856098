"""Graphs as files."""

import numpy as np
import pytest

from cotam.checkpoint.reading import read_model
from cotam.cli import main
from cotam.edge.onnx_runtime import OnnxProgram


def test_the_files_are_graphs_that_run_at_any_size(random_model_path, tmp_path, make_picture):
    with pytest.raises(SystemExit) as stop:
        main(["models", "--onnx", str(tmp_path / "graphs"), "--model", str(random_model_path)])
    assert not stop.value.code
    names = {path.stem for path in (tmp_path / "graphs").glob("*.onnx")}
    assert names == {
        "analysis",
        "hyper_analysis",
        "synthesis",
        "prior",
        "pass_0",
        "pass_1",
        "pass_2",
        "pass_3",
    }
    analysis = OnnxProgram((tmp_path / "graphs" / "analysis.onnx").read_bytes(), 1)
    latents = read_model(random_model_path).config.latents
    for rows, columns in ((1, 1), (2, 5)):
        (y,) = analysis(pixels=make_picture(16 * rows, 16 * columns))
        assert y.shape == (1, latents, rows, columns)
        assert y.dtype == np.float32
