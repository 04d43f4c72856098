"""A small file must not ask for large networks."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from cotam.errors import ModelError


def check_capacity(path: Path, make: Callable[[], nn.Module], tensors: Mapping[str, Tensor]) -> None:
    """Refuse a file whose sizes ask for more weights than it holds, before they are allocated.

    Args:
        path: the file, for the message.
        make: builds the network of the sizes in the file; here it is built without memory.
        tensors: what the file holds.

    Raises:
        ModelError: the network would have more weights.
    """
    with torch.device("meta"):
        wanted = sum(parameter.numel() for parameter in make().parameters())
    if wanted > (held := sum(tensor.numel() for tensor in tensors.values())):
        raise ModelError(
            f"{path}: the weights do not fit their sizes: these ask for {wanted:,} numbers, the file holds {held:,}"
        )
