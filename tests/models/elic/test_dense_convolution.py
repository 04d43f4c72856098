"""Dense layers: the integer form is exact, is the float form but for rounding, and is checked against plain sums."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cotam.models.elic.dense_convolution import DenseConv, DoublingConv
from cotam.ops.integers import MAX_ACTIVATION, ONE


def random_input(*shape, largest=2000):
    generator = torch.Generator().manual_seed(3)
    return torch.randint(-largest, largest + 1, shape, generator=generator).double()


def layer(kind, *sizes, **options):
    torch.manual_seed(1)
    return kind(*sizes, **options)


def plain_sums(integer, x, outputs):
    """The layer from docs/format.md in int64, output by output."""
    k, weight = integer.kernel, integer.weight.long().view(outputs, -1, integer.kernel, integer.kernel)
    values, (h, w) = x[0].long(), x.shape[-2:]
    total = integer.bias.view(-1, 1, 1).repeat(1, h, w)
    for i, j in np.ndindex(h, w):
        for a, b in integer.taps:
            row, column = i + a - k // 2, j + b - k // 2
            if 0 <= row < h and 0 <= column < w:
                total[:, i, j] += weight[:, :, a, b] @ values[:, row, column]
    shift = int(integer.shift)
    return ((total + (1 << shift >> 1)) >> shift).clamp(-MAX_ACTIVATION, MAX_ACTIVATION)


@pytest.mark.parametrize(("kernel", "checkerboard"), [(1, False), (3, False), (5, False), (5, True)])
def test_the_integer_form_is_the_plain_sum(kernel, checkerboard):
    integer = layer(DenseConv, 3, 4, kernel, checkerboard=checkerboard).to_integers()
    x = random_input(1, 3, 6, 5)
    assert torch.equal(integer(x)[0].long(), plain_sums(integer, x, 4))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4)])
@pytest.mark.parametrize("make", [lambda: layer(DenseConv, 3, 4, 5), lambda: layer(DoublingConv, 3, 4, 5)])
def test_the_integer_form_is_the_float_form_but_for_rounding(make, size):
    conv, x = make(), random_input(2, 3, *size)
    expected, found = conv((x / ONE).float()), conv.to_integers()(x) / ONE
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1.5 / ONE


def test_the_doubling_layer_is_torchs_transposed_convolution():
    conv, x = layer(DoublingConv, 3, 4, 5), torch.randn(1, 3, 4, 6)
    expected = F.conv_transpose2d(
        x, conv.weight.transpose(0, 1), conv.bias, stride=2, padding=2, output_padding=1
    )
    torch.testing.assert_close(conv(x), expected)
    assert conv(x).shape == (1, 4, 8, 12)


def test_a_checkerboard_layer_sees_neither_its_own_position_nor_its_colour():
    conv = layer(DenseConv, 1, 1, 5, checkerboard=True)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        conv.bias.zero_()
    x = torch.zeros(1, 1, 9, 9)
    x[..., 4, 4] = 1
    seen = conv(x)[0, 0].round().int()
    rows, columns = torch.nonzero(seen, as_tuple=True)
    assert len(rows) == 12
    assert ((rows + columns) % 2 == 1).all()
    assert torch.equal(conv.to_integers()(x.double() * ONE)[0, 0] / ONE, seen.double())


def test_results_do_not_depend_on_the_batch():
    integer = layer(DoublingConv, 3, 4, 5).to_integers()
    x = random_input(3, 3, 4, 4, largest=MAX_ACTIVATION)
    together = integer(x)
    assert torch.equal(together, torch.cat([integer(part) for part in x.split(1)]))
    assert together.abs().max() <= MAX_ACTIVATION
