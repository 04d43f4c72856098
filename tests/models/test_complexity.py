"""The model's cost: 10 to 20 thousand multiplications per pixel each way, so that a phone's processor will do."""

from collections import Counter

import pytest
import torch
from torch import nn

from cotam.models.cotam_s import CotamS
from cotam.ops.fixed_point import FixedConv
from cotam.ops.quality import quality_hats

WIDTH, HEIGHT = 768, 512
LEAST, MOST = 8_000, 20_000
ENCODER = ("analysis", "hyper_analysis", "hyper_synthesis", "context")
DECODER = ("hyper_synthesis", "context", "synthesis")


def multiplications(layer, output):
    if isinstance(layer, nn.Conv2d):
        return output.numel() * layer.weight[0].numel()
    return output.numel() * (9 if layer.depthwise else layer.weight.shape[1])


@pytest.fixture(scope="module")
def cost():
    """Multiplications per pixel of each part of the default model; on the meta device nothing is computed."""
    counts = Counter()
    with torch.device("meta"), torch.no_grad():
        network = CotamS()
        for part, module in network.named_children():
            for layer in module.modules():
                if isinstance(layer, nn.Conv2d | FixedConv):
                    layer.register_forward_hook(
                        lambda layer, _, output, part=part: counts.update(
                            {part: multiplications(layer, output)}
                        )
                    )
        run_everything(network)
    return {part: count / (WIDTH * HEIGHT) for part, count in counts.items()}


def run_everything(network):
    rows, columns = HEIGHT // 16, WIDTH // 16
    hats = quality_hats(torch.zeros(1, rows, columns, dtype=torch.int64), network.config.nodes)
    y = network.analysis(torch.zeros(1, 3, HEIGHT, WIDTH))
    z = network.hyper_analysis(y, hats)
    features = network.hyper_synthesis(z)
    prior = network.context.prior_features(features, hats.float())
    y_hat = network.context.run(prior, y, lambda blocks: [block.means for block in blocks])
    x_hat = network.synthesis(y_hat, hats.float())
    assert x_hat.shape == (1, 3, HEIGHT, WIDTH)


def test_the_encoder_is_light(cost):
    assert LEAST < sum(cost[part] for part in ENCODER) < MOST


def test_the_decoder_is_light(cost):
    assert LEAST < sum(cost[part] for part in DECODER) < MOST


def test_every_network_is_counted(cost):
    assert set(cost) == {*ENCODER, *DECODER}
