"""A model's graphs as ONNX files, for other runtimes and other languages."""

from pathlib import Path

from cotam.checkpoint.reading import read_model
from cotam.checkpoint.registry import DEFAULT_MODEL
from cotam.edge.entropy_graphs import entropy_graphs
from cotam.edge.runtimes import import_package
from cotam.edge.transform_graphs import transform_graphs
from cotam.images import write_atomically


def export_graphs(folder: Path, model: str | Path = DEFAULT_MODEL) -> list[Path]:
    """Write all graphs of a model.

    A runtime that takes float64 for float32, as OpenVINO does, must not run ``prior`` and ``pass_0`` to ``pass_3``.

    Args:
        folder: made if it is not there; files in it are replaced.
        model: name of a shipped model, or the path of a model file.

    Returns:
        The files, in the order in which an encoder runs them.

    Raises:
        ModelError: unknown or damaged model, or the package onnx is missing.
        ImageError: a file cannot be written.
    """
    import_package("onnx")
    read = read_model(model)
    graphs = {**transform_graphs(read.tensors, read.config), **entropy_graphs(read.tensors, read.config)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs.items():
        write_atomically(folder / f"{name}.onnx", graph)
    return [folder / f"{name}.onnx" for name in graphs]
