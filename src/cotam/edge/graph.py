"""Building ONNX graphs by hand, node by node."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

OPSET: Final = 17
IR_VERSION: Final = 9
"""Old enough for ONNX Runtime 1.16 and OpenVINO 2024."""

Dimensions = list[int | str]
"""Sizes of a tensor; a name stands for a size that pictures decide."""


class Graph:
    """One ONNX graph in the making. Values are named by strings, which every method returns."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._known: dict[tuple[Any, ...], str] = {}

    def input(self, name: str, dtype: type[np.generic], dimensions: Dimensions) -> str:
        """Declare an input."""
        self._inputs.append(_declared(name, dtype, dimensions))
        return name

    def output(self, value: str, name: str, dtype: type[np.generic], dimensions: Dimensions) -> None:
        """Hand a value out under a name."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(_declared(name, dtype, dimensions))

    def constant(self, array: Any, dtype: type[np.generic]) -> str:
        """Store an array; small ones that are there already are used again."""
        from onnx import numpy_helper

        stored = np.ascontiguousarray(array, dtype).reshape(np.shape(array))
        key = (stored.dtype, stored.shape, stored.tobytes() if stored.size <= 16 else len(self._constants))
        if key not in self._known:
            self._known[key] = f"constant_{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(stored, self._known[key]))
        return self._known[key]

    def integers(self, *values: int) -> str:
        """Store a list of int64, as shapes, axes and places are given."""
        return self.constant(values, np.int64)

    def node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation with one result."""
        from onnx import helper

        name = f"{operation}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, list(inputs), [name], name=name, **attributes))
        return name

    def cast(self, value: str, dtype: type[np.generic]) -> str:
        """Convert to another type."""
        return self.node("Cast", value, to=_element_type(dtype))

    def to_model(self) -> bytes:
        """The finished model, serialised."""
        from onnx import helper

        graph = helper.make_graph(self._nodes, self.name, self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            producer_name="cotam",
            ir_version=IR_VERSION,
        )
        serialised: bytes = model.SerializeToString()
        return serialised


def _declared(name: str, dtype: type[np.generic], dimensions: Dimensions) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, _element_type(dtype), dimensions)


def _element_type(dtype: type[np.generic]) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


Array = NDArray[Any]
