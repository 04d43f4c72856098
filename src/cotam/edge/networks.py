"""All networks of a model as programs of a runtime, each made when it is first needed."""

from collections.abc import Callable, Mapping
from functools import cached_property

from cotam.checkpoint.reading import ModelArrays
from cotam.edge.entropy_graphs import Tensors, entropy_graphs
from cotam.edge.runtimes import (
    PACKAGES,
    Precision,
    Program,
    Runtime,
    compiler,
    exact_compiler,
    import_package,
)
from cotam.edge.transform_graphs import analysis_graph, hyper_analysis_graph, synthesis_graph
from cotam.models.cotam_s_config import CotamSConfig


class Networks:
    """Programs, by what they do; their inputs and outputs are those of the graphs.

    An encoder never makes the synthesis, and a decoder never the analysis.

    Args:
        model: the model's arrays.
        runtime: of the transforms.
        precision: of the transforms.
        threads: CPU threads; None is one for each core.

    Raises:
        ModelError: the runtime is not installed.
    """

    def __init__(
        self, model: ModelArrays, runtime: Runtime, precision: Precision, threads: int | None
    ) -> None:
        for package in PACKAGES[runtime]:
            import_package(package)
        self._model, self._threads = model, threads
        self._compile = compiler(runtime, precision, threads)

    @cached_property
    def analysis(self) -> Program:
        """See `analysis_graph`."""
        return self._transform(analysis_graph)

    @cached_property
    def hyper_analysis(self) -> Program:
        """See `hyper_analysis_graph`."""
        return self._transform(hyper_analysis_graph)

    @cached_property
    def synthesis(self) -> Program:
        """See `synthesis_graph`."""
        return self._transform(synthesis_graph)

    @cached_property
    def exact(self) -> Mapping[str, Program]:
        """Those of `cotam.edge.entropy_graphs`, by name."""
        graphs, compile_one = (
            entropy_graphs(self._model.tensors, self._model.config),
            exact_compiler(self._threads),
        )
        return {name: compile_one(graph) for name, graph in graphs.items()}

    def _transform(self, graph: Callable[[Tensors, CotamSConfig], bytes]) -> Program:
        return self._compile(graph(self._model.tensors, self._model.config))
