"""What a fresh process does whose memory is measured on an edge runtime; this file must not load torch."""

from cotam.edge import load_edge_codec
from cotam.edge.runtimes import Runtime
from cotam.evaluation.synthetic import synthetic_picture


def encode_and_decode_on(
    runtime: Runtime, model: str, guidance: str | None, quality: float, width: int, height: int
) -> None:
    """Code and decode one synthetic picture."""
    codec = load_edge_codec(model, runtime=runtime)
    codec.decode(codec.encode(synthetic_picture(width, height), quality, guidance=guidance))
