"""What can be read off a vision tower's attention, and in how large batches. No torch here."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol


class Looking(Protocol):
    """What has to be known of a tower to ask for its attention; `cotam.vision.Tower` is one."""

    @property
    def name(self) -> str:
        """How the user called it."""

    @property
    def depth(self) -> int:
        """Number of its blocks."""

    @property
    def heads(self) -> int:
        """Attention heads of a block."""

    @property
    def has_class_token(self) -> bool:
        """Whether token 0 is [CLS]."""

    @property
    def prefix_tokens(self) -> int:
        """Tokens before the patches."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of its pictures."""

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches of an input of so many pixels."""


Attention = Literal["auto", "class", "received"]
ATTENTIONS: Final = ("auto", "class", "received")
DEFAULT_LAYERS: Final = (0, 1, 2)
"""The paper's choice. Deep layers make results worse: their attention has converged on summary tokens."""
ATTENTION_BYTES: Final = 2**28
"""Most memory that the attention weights of one batch may take: 256 MiB."""


WEIGHT_BYTES: Final = 4
"""Of an attention weight, float32."""


def check_layers(tower: Looking, layers: Sequence[int]) -> tuple[int, ...]:
    """Return the layers in ascending order, each once; ValueError unless all are the tower's."""
    if not layers or not all(0 <= layer < tower.depth for layer in layers):
        raise ValueError(
            f"layers must be block numbers from 0 to {tower.depth - 1} for {tower.name}, not {tuple(layers)}"
        )
    return tuple(sorted(set(layers)))


def resolve_attention(tower: Looking, attention: Attention) -> Literal["class", "received"]:
    """Return the kind of attention to read: "auto" is "class" where the tower has [CLS], else "received".

    Raises:
        ValueError: for another word, and for "class" where the tower has no [CLS].
    """
    if attention not in ATTENTIONS:
        raise ValueError(f"attention must be one of {', '.join(ATTENTIONS)}, not {attention!r}")
    if attention == "auto":
        return "class" if tower.has_class_token else "received"
    if attention == "class" and not tower.has_class_token:
        raise ValueError(f"attention must be 'received' or 'auto': {tower.name} has no [CLS] token")
    return attention


def batch_size(tower: Looking, layers: int) -> int:
    """How many pictures may go through the tower at once, so that attention keeps to `ATTENTION_BYTES`."""
    rows, columns = tower.grid(*tower.input_size)
    tokens = tower.prefix_tokens + rows * columns
    weights = layers * tower.heads * tokens**2 * WEIGHT_BYTES
    return max(ATTENTION_BYTES // weights, 1)
