"""Who answers: an MLLM, entered as a method wants it. The harness knows no more of it than these protocols."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from PIL import Image
from torch import Tensor

from cotam.codec import Codec
from cotam.evaluation.methods import Mode

Given: TypeAlias = Image.Image | bytes
"""A picture in mode ``pixels``, a stream in the others. Questions on one picture get the same object."""


class Answerer(Protocol):
    """An MLLM that is entered in one way."""

    @property
    def identity(self) -> str:
        """Equal for what gives equal answers: a hash of weights and prompt, and of mode and adapter."""

    def answer_batch(self, items: Sequence[tuple[Given, str]]) -> Sequence[str]:
        """Answer (picture or stream, question) pairs, in order."""

    def layer_tokens(self, given: Given) -> Tensor:
        """Tokens of the vision tower before its first block and after each, (layers, tokens, width)."""


class Answerers(Protocol):
    """Makes answerers of one MLLM."""

    @property
    def name(self) -> str:
        """Of the MLLM."""

    def answerer(self, mode: Mode, adapter: str | None, codec: Codec | None) -> Answerer:
        """Make the answerer of a mode.

        Args:
            mode: how the tower is entered.
            adapter: name of adapter or neck, see `cotam.checkpoint.adapter_choice`; None is the one that ships.
            codec: whose streams will come; None where pictures come.

        Raises:
            ModelError: there is no such adapter, or it was made for another codec or MLLM.
        """
