"""Which runtimes there are, and one face for what they run."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol, get_args

from numpy.typing import NDArray

from cotam.errors import ModelError

Runtime = Literal["onnx", "openvino"]
"""ONNX Runtime; or OpenVINO for the float networks, with ONNX Runtime for the exact ones."""
RUNTIMES: Final = get_args(Runtime)
BY_SPEED: Final[tuple[Runtime, ...]] = ("openvino", "onnx")
"""The fastest first."""
PACKAGES: Final[dict[str, tuple[str, ...]]] = {
    "openvino": ("onnx", "onnxruntime", "openvino"),
    "onnx": ("onnx", "onnxruntime"),
}
"""What each needs."""
Precision = Literal["float32", "bfloat16"]


class NeedsTorchError(ModelError):
    """What is asked for is beyond the edge runtimes."""


class Program(Protocol):
    """A graph that is ready to run; may be shared by threads."""

    def __call__(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Run it: arrays by the names of its inputs, to arrays in the order of its outputs."""


Compile = Callable[[bytes], Program]


def is_installed(runtime: str) -> bool:
    """Whether all that a runtime needs is there; nothing is imported."""
    return all(find_spec(package) is not None for package in PACKAGES[runtime])


def fastest_runtime() -> Runtime | None:
    """The fastest of the runtimes that are installed; None where there is none."""
    return next((name for name in BY_SPEED if is_installed(name)), None)


def fastest_precision(runtime: Runtime) -> Precision:
    """bfloat16 where a runtime and this processor have it."""
    if runtime == "onnx":
        return "float32"
    capabilities = import_package("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bfloat16" if "BF16" in capabilities else "float32"


def import_package(name: str) -> Any:
    """Import a runtime's package.

    Raises:
        ModelError: it is not installed; the message names the extra.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ModelError(f"the edge runtimes need {name}: pip install 'cotam[edge]'") from error


def compiler(runtime: Runtime, precision: Precision, threads: int | None) -> Compile:
    """What makes programs of graphs.

    Args:
        runtime: which.
        precision: of the float networks; ``bfloat16`` is for OpenVINO.
        threads: CPU threads of a program; None is one for each core.

    Raises:
        ModelError: the runtime is not installed.
    """
    if runtime == "openvino":
        from cotam.edge.openvino import OpenVinoProgram

        return lambda model: OpenVinoProgram(model, precision, threads)
    return exact_compiler(threads)


def exact_compiler(threads: int | None) -> Compile:
    """What makes programs of exact graphs: ONNX Runtime, whose CPU provider multiplies matrices of float64."""
    from cotam.edge.onnx_runtime import OnnxProgram

    return lambda model: OnnxProgram(model, threads)
