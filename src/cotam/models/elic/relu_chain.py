"""Three exact layers with rectified-linear units between them: what ELIC's entropy networks are made of."""

from torch import Tensor, nn

from cotam.models.elic.equalising import Link
from cotam.ops.fixed_point import FixedConv


class ReluChain(nn.Module):
    """last(relu(second(relu(first(x))))); exact in the layers' integer form."""

    def __init__(self, first: FixedConv, second: FixedConv, last: FixedConv) -> None:
        super().__init__()
        self.first, self.second, self.last = first, second, last

    def forward(self, x: Tensor) -> Tensor:
        """Activations of the first layer's inputs to those of the last layer's outputs."""
        return self.last(self.second(self.first(x).relu()).relu())

    def links(self, readers: tuple[tuple[FixedConv, int], ...] = ()) -> list[Link]:
        """What can be scaled inside (see `equalise`), up to the layers that read the results, if there are any."""
        inside = [Link(self.first, ((self.second, 0),)), Link(self.second, ((self.last, 0),))]
        return [*inside, Link(self.last, readers)] if readers else inside
