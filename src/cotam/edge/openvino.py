"""Graphs on OpenVINO's CPU plugin, compiled once for each size of picture."""

from collections import OrderedDict
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cotam.edge.runtimes import Precision, import_package
from cotam.edge.signal_stack import kept_signal_stack

KEPT_SIZES: Final = 4
"""Sizes for which a compiled graph is kept. Graphs of open sizes run too, but slower."""
HINTS: Final[dict[Precision, str]] = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoProgram:
    """A graph as OpenVINO models, one for each size.

    Args:
        model: the serialised graph.
        precision: of its arithmetic.
        threads: CPU threads; None is one for each core.
    """

    def __init__(self, model: bytes, precision: Precision, threads: int | None) -> None:
        openvino = import_package("openvino")
        self._core, self._model = openvino.Core(), model
        self._options = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            **({} if threads is None else {"INFERENCE_NUM_THREADS": threads}),
        }
        self._compiled: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = Lock()

    def __call__(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """See `Program`."""
        with kept_signal_stack():
            compiled = self._for_sizes({name: array.shape for name, array in inputs.items()})
            request = compiled.create_infer_request()
            request.infer(
                {name: np.ascontiguousarray(array) for name, array in inputs.items()}, share_inputs=True
            )
            return [request.get_output_tensor(place).data.copy() for place in range(len(compiled.outputs))]

    def _for_sizes(self, shapes: dict[str, tuple[int, ...]]) -> Any:
        key = tuple(sorted(shapes.items()))
        with self._lock:
            if key not in self._compiled:
                model = self._core.read_model(self._model)
                model.reshape({name: list(shape) for name, shape in shapes.items()})
                self._compiled[key] = self._core.compile_model(model, "CPU", self._options)
                if len(self._compiled) > KEPT_SIZES:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(key)
            return self._compiled[key]
