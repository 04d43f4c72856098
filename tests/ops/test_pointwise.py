"""The pointwise layer is what it says, in both of its forms."""

import pytest
import torch
import torch.nn.functional as F

from cotam.ops.pointwise import Pointwise


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("side", [2, 8])
def test_a_layer_on_cells_is_the_layer_on_what_pixel_unshuffle_makes_of_them(side, memory_format):
    torch.manual_seed(0)
    layer = Pointwise(3 * side**2, 7)
    x = torch.randn(2, 3, 3 * side, 5 * side).contiguous(memory_format=memory_format)
    torch.testing.assert_close(layer.of_cells(x, side), layer(F.pixel_unshuffle(x, side)))


def test_the_layer_is_a_matrix_product_at_every_position():
    torch.manual_seed(0)
    layer = Pointwise(5, 4, bias=False)
    x = torch.randn(2, 5, 6, 7)
    expected = torch.einsum("oi,nihw->nohw", layer.weight[:, :, 0, 0], x)
    torch.testing.assert_close(layer(x), expected)
    assert layer.bias is None
