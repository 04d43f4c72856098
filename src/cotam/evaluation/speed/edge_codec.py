"""``cotam-s`` on an edge runtime, alone or with guidance."""

from dataclasses import dataclass, field

from cotam.codec import Guide
from cotam.edge import EdgeCodec, is_installed, load_edge_codec
from cotam.edge.runtimes import RUNTIMES, Runtime, fastest_precision
from cotam.evaluation.memory import peak_memory_of
from cotam.evaluation.methods.cotam import with_embedded_tower
from cotam.evaluation.rivals import Pixels
from cotam.evaluation.speed.cotam_codec import QUALITY
from cotam.evaluation.speed.edge_memory import encode_and_decode_on
from cotam.evaluation.speed.staged import decode_in_stages, encode_in_stages
from cotam.evaluation.speed.timed_codec import Timed


@dataclass
class TimedEdgeCodec:
    """An `EdgeCodec`, timed; a runtime's threads are set when a codec is loaded, so there is one for each number."""

    runtime: Runtime
    model: str
    guidance: str | None = None
    """As on the command line; None is uniform."""
    compared: bool = True
    most_pixels: int | None = None
    _loaded: dict[int, tuple[EdgeCodec, Guide | None]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The codec's name with its guidance, and the runtime."""
        guided = f"+{self.guidance}" if self.guidance else ""
        return f"{self._at(1)[0].name}{guided} ({self.runtime})"

    @property
    def settings(self) -> str:
        """Weights, quality and precision."""
        model_id, precision = self._at(1)[0].model_id.hex(), fastest_precision(self.runtime)
        return f"model {model_id}, quality {QUALITY:g}, {precision} transforms"

    def time(self, pixels: Pixels, threads: int) -> Timed:
        """See `TimedCodec.time`."""
        codec, guide = self._at(threads)
        encode, data = encode_in_stages(
            lambda: codec.analyse(pixels),
            lambda analysis, level_map: codec.encode_analysis(analysis, QUALITY, level_map),
            None if guide is None else lambda: guide.level_map(pixels),
        )
        return Timed(encode, decode_in_stages(data, codec.decode_latents, codec.synthesise), len(data))

    def peak_memory(self, width: int, height: int) -> int:
        """See `TimedCodec.peak_memory`."""
        return peak_memory_of(
            encode_and_decode_on, self.runtime, self.model, self._guidance, QUALITY, width, height
        )

    @property
    def _guidance(self) -> str | None:
        return with_embedded_tower(self.guidance) if self.guidance else None

    def _at(self, threads: int) -> tuple[EdgeCodec, Guide | None]:
        if threads not in self._loaded:
            codec = load_edge_codec(self.model, runtime=self.runtime, threads=threads)
            self._loaded[threads] = codec, codec.guides.parse(self._guidance) if self._guidance else None
        return self._loaded[threads]


def edge_codecs(model: str, guidance: str | None) -> list[TimedEdgeCodec]:
    """One for each edge runtime that is installed.

    Raises:
        ValueError: the guidance is not known.
        ModelError: model or tower cannot be loaded, or the edge runtimes do not know such towers.
    """
    return [TimedEdgeCodec(runtime, model, guidance) for runtime in filter(is_installed, RUNTIMES)]
