"""All networks of a model as programs of a runtime."""

from collections.abc import Mapping
from dataclasses import dataclass

from cotam.checkpoint.reading import ModelArrays
from cotam.edge.entropy_graphs import entropy_graphs
from cotam.edge.runtimes import (
    Precision,
    Program,
    Runtime,
    compile_all,
    compiler,
    exact_compiler,
)
from cotam.edge.transform_graphs import transform_graphs


@dataclass(frozen=True)
class Networks:
    """Programs, by what they do; their inputs and outputs are those of the graphs."""

    analysis: Program
    hyper_analysis: Program
    synthesis: Program
    exact: Mapping[str, Program]
    """Those of `cotam.edge.entropy_graphs`."""


def build_networks(
    model: ModelArrays, runtime: Runtime, precision: Precision, threads: int | None
) -> Networks:
    """Build and compile all graphs.

    Raises:
        ModelError: the runtime is not installed, or the weights do not fit their architecture.
    """
    transforms = compile_all(
        transform_graphs(model.tensors, model.config), compiler(runtime, precision, threads)
    )
    exact = compile_all(entropy_graphs(model.tensors, model.config), exact_compiler(threads))
    return Networks(transforms["analysis"], transforms["hyper_analysis"], transforms["synthesis"], exact)
