"""The four passes: every latent once, and nothing that the decoder does not know yet."""

import numpy as np
import pytest
import torch

from cotam.entropy_models import quadtree
from cotam.entropy_models.quadtree import ContextTrunk, QuadtreeContext
from cotam.entropy_models.structure import PASSES, blocks_of_pass
from cotam.ops.fixed_point import to_integers
from cotam.ops.integers import ONE
from cotam.ops.quality import quality_hats

CHANNELS, FEATURES, NODES = 8, 6, 3
SIZES = [(1, 1), (1, 5), (5, 1), (2, 2), (3, 4), (7, 9)]


@pytest.fixture(params=[False, True], ids=["float", "integers"])
def context(request):
    """A context model of random weights in either form."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = QuadtreeContext(CHANNELS, FEATURES, NODES, 12)
    return to_integers(model) if request.param else model


def random_prior(context, height, width):
    rng = np.random.default_rng(height * 100 + width)
    features = torch.from_numpy(rng.integers(-3 * ONE, 3 * ONE, (2, FEATURES, height, width)))
    hats = quality_hats(torch.from_numpy(rng.integers(8, 801, (2, height, width))), NODES)
    if is_exact(context):
        return context.prior_features(features.double(), hats.double())
    return context.prior_features(features.float() / ONE, hats.float() / ONE)


def is_exact(context):
    return context.prior.weight.dtype == torch.int16


def random_values(context, height, width, seed=0):
    values = np.random.default_rng(seed).integers(-5 * ONE, 5 * ONE, (2, CHANNELS, height, width))
    return torch.from_numpy(values).double() if is_exact(context) else torch.from_numpy(values).float() / ONE


def parameters_while_coding(context, prior, values):
    """Means and indexes that each pass saw, and what `run` returns."""
    seen = []

    def code(blocks):
        seen.append((torch.zeros_like(values), torch.zeros_like(values)))
        for block in blocks:
            seen[-1][0][block.where] = block.means
            seen[-1][1][block.where] = block.indexes
        return [values[block.where] for block in blocks]

    with torch.no_grad():
        return seen, context.run(prior, values, code)


@pytest.mark.parametrize("channels", [4, 8, 256])
@pytest.mark.parametrize("size", SIZES)
def test_every_latent_is_coded_exactly_once(channels, size):
    times = torch.zeros(2, channels, *size, dtype=torch.int64)
    for number in range(PASSES):
        for _, where in blocks_of_pass(number, channels):
            times[where] += 1
    assert (times == 1).all()


def test_the_passes_are_a_latin_square():
    for number in range(PASSES):
        assert sorted(group for group, _ in blocks_of_pass(number, 4)) == [0, 1, 2, 3]
    for parity in range(4):
        assert sorted(list(blocks_of_pass(number, 4))[parity][0] for number in range(PASSES)) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", SIZES)
def test_coding_returns_every_value(context, size):
    values = random_values(context, *size)
    seen, result = parameters_while_coding(context, random_prior(context, *size), values)
    assert len(seen) == PASSES
    assert torch.equal(result, values)


@pytest.mark.parametrize("size", SIZES)
def test_a_pass_depends_on_earlier_passes_only(context, size):
    prior, values = random_prior(context, *size), random_values(context, *size)
    expected, _ = parameters_while_coding(context, prior, values)
    for number in range(PASSES):
        changed = values.clone()
        for later in range(number, PASSES):
            for _, where in blocks_of_pass(later, CHANNELS):
                changed[where] = random_values(context, *size, seed=1)[where]
        seen, _ = parameters_while_coding(context, prior, changed)
        for earlier in range(number + 1):
            assert torch.equal(seen[earlier][0], expected[earlier][0])
            assert torch.equal(seen[earlier][1], expected[earlier][1])


def test_later_passes_do_use_what_is_known(context):
    prior, values = random_prior(context, 6, 6), random_values(context, 6, 6)
    expected, _ = parameters_while_coding(context, prior, values)
    for number in range(PASSES - 1):
        changed = values.clone()
        for _, where in blocks_of_pass(number, CHANNELS):
            changed[where] += ONE if is_exact(context) else 1.0
        seen, _ = parameters_while_coding(context, prior, changed)
        for later in range(number + 1, PASSES):
            assert not torch.equal(seen[later][0], expected[later][0])
            assert not torch.equal(seen[later][1], expected[later][1])


@pytest.mark.parametrize("size", SIZES)
def test_a_pass_asks_only_for_blocks_that_have_positions(context, size):
    blocks = context.parameters_of_pass(0, random_prior(context, *size), random_values(context, *size) * 0)
    expected = [
        where for _, where in blocks_of_pass(0, CHANNELS) if random_values(context, *size)[where].numel()
    ]
    assert [block.where for block in blocks] == expected
    assert all(block.means.shape == block.indexes.shape for block in blocks)


@pytest.mark.parametrize("positions", [1, 20, 10_000])
def test_an_exact_trunk_gives_the_same_in_strips_of_any_size(monkeypatch, positions):
    torch.manual_seed(5)
    trunk = to_integers(ContextTrunk(6))
    x = torch.randint(-3 * ONE, 3 * ONE, (2, 6, 17, 5)).double()
    before, expected = x.clone(), trunk(x)
    monkeypatch.setattr(quadtree, "STRIP_POSITIONS", positions)
    assert torch.equal(trunk(x), expected)
    assert torch.equal(x, before)
    assert expected.unique().numel() > 50
