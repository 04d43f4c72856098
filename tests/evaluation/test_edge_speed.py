"""Times of stages, on torch and on an edge runtime."""

import pytest

from cotam.codec import Guide, load_codec
from cotam.evaluation.edge_speed import edge_stages

PARTS = {
    "encode": ("guidance", "analysis", "entropy stage, encoding"),
    "decode": ("entropy stage, decoding", "synthesis"),
}


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_whole_times_are_the_sums_of_their_stages(random_model_path, make_picture, runtime):
    if runtime == "torch":
        codec = load_codec(random_model_path)
    else:
        pytest.importorskip("onnxruntime", reason="the edge runtimes are in cotam[edge]")
        from cotam.edge import load_edge_codec

        codec = load_edge_codec(random_model_path, runtime=runtime, threads=1)
    ticks = iter(range(1000))
    times = edge_stages(codec, Guide.parse("saliency"), make_picture(32, 48), lambda: next(ticks))
    for whole, parts in PARTS.items():
        assert times[whole] == sum(times[part] for part in parts) == 1000 * len(parts)
