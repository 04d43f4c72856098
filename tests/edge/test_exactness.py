"""What torch writes an edge runtime reads, and the other way round, to the last integer."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cotam.codec import LevelMap, load_codec
from cotam.codec.latents import FrameSink
from cotam.edge import load_edge_codec
from cotam.edge.quality import step_map
from cotam.entropy_coding import FrameWriter
from cotam.evaluation.conformance import read_golden
from cotam.evaluation.exactness import digest_of

CONFORMANCE = Path(__file__).parents[1] / "conformance"
NINE = LevelMap(np.random.default_rng(0).integers(-4, 5, (5, 3)).astype(np.int8), count=9, strength=12.5)


@pytest.mark.parametrize("folder", ["", "cotam-s"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_every_golden_still_decodes_to_its_integers(folder, runtime, threads):
    golden = read_golden(CONFORMANCE / folder)
    codec = load_edge_codec(golden.model, runtime=runtime, threads=threads)
    stills = [sample for sample in golden.samples if not sample.predicted]
    assert len(stills) > 15
    for sample in stills:
        assert digest_of(codec.decode_latents(sample.data)) == sample.digest, sample.picture


@pytest.fixture(scope="module", params=["random", "wild"])
def pair(request, random_model_path, wild_model_path):
    """The same model on torch and on ONNX Runtime; one has integer weights over their whole range."""
    path = {"random": random_model_path, "wild": wild_model_path}[request.param]
    return load_codec(path), load_edge_codec(path, runtime="onnx", threads=2)


@pytest.mark.parametrize("size", [(64, 80), (1, 1), (17, 250), (33, 16)])
@pytest.mark.parametrize(("quality", "level_map"), [(1, None), (55.5, NINE), (100, None)])
def test_the_same_latents_give_the_same_bytes(pair, make_picture, size, quality, level_map):
    on_torch, on_edge = pair
    analysis = on_edge.analyse(make_picture(*size))
    step = round(quality * 8)
    steps = step_map(step, level_map, *analysis.y.shape[1:])
    y = analysis.y * on_edge.gains(steps)[0]
    z = on_edge.hyper_latents(y, steps)

    edge_writer, torch_writer = FrameWriter(), FrameWriter()
    edge_values = on_edge.latents.encode(y, z, steps, step, edge_writer)

    coder, network = on_torch.latents, on_torch.network
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(network.gains, "forward", lambda hats: (torch.ones(1), torch.ones(1)))
        patch.setattr(network.hyper_analysis, "forward", lambda *_: torch.from_numpy(z)[None])
        sink = FrameSink(coder.tables, [torch_writer])
        steps_tensor = torch.from_numpy(steps)[None]
        torch_values = coder.encode(torch.from_numpy(y)[None], steps_tensor, torch.tensor([step]), sink)

    assert edge_writer.to_bytes() == torch_writer.to_bytes()
    assert np.array_equal(edge_values, torch_values[0].numpy())


@pytest.mark.parametrize("size", [(64, 80), (1, 1), (17, 250)])
@pytest.mark.parametrize(("quality", "level_map"), [(1, None), (55.5, NINE), (100, None)])
def test_streams_go_both_ways(pair, make_picture, size, quality, level_map):
    on_torch, on_edge = pair
    for writer in pair:
        data = writer.encode(make_picture(*size), quality, level_map=level_map)
        assert digest_of(on_edge.decode_latents(data)) == digest_of(on_torch.decode_latents(data))


def test_wild_weights_reach_the_ends_of_every_range(wild_model_path, make_picture):
    codec = load_codec(wild_model_path)
    values = codec.decode_latents(codec.encode(make_picture(64, 80), 100)).latents
    weight = codec.network.context.trunks[0].mix.weight
    assert weight.min() < -32000
    assert weight.max() > 32000
    assert values.abs().max() > 2**15  # means beyond 16 bits
