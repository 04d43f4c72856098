"""Graphs on ONNX Runtime's CPU provider."""

from typing import Any

from numpy.typing import NDArray

from cotam.edge.runtimes import import_package


class OnnxProgram:
    """A graph as an ONNX Runtime session.

    Args:
        model: the serialised graph.
        threads: CPU threads; None is one for each core.
    """

    def __init__(self, model: bytes, threads: int | None) -> None:
        onnxruntime = import_package("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3  # errors
        # several sessions share the cores: none may burn them while it waits
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def __call__(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """See `Program`."""
        results: list[NDArray[Any]] = self._session.run(None, inputs)
        return results
